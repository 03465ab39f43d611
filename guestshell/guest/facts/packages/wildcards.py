"""Wildcards that a guest wrote, matched in bounded time: no pattern of its own is compiled."""


def fits(text: str, pattern: str) -> bool:
    """Say whether a text fits `*`, `?`, `[set]` and `\\c` as fnmatch(3) without flags means them.

    A slash is a character as any other. Takes at most the product of both lengths.
    """
    tokens = _tokens(pattern)
    place = token = 0
    star: int | None = None
    resume = 0
    while place < len(text):
        if token < len(tokens) and tokens[token] is None:
            star, resume = token, place
            token += 1
        elif token < len(tokens) and _is_one_of(text[place], tokens[token] or ""):
            place, token = place + 1, token + 1
        elif star is not None:
            resume += 1
            place, token = resume, star + 1
        else:
            return False
    return all(rest is None for rest in tokens[token:])


def literal_start(pattern: str) -> str:
    """Give what every text that fits begins with: the pattern up to its first special character."""
    ends = [pattern.find(special) for special in "*?[\\"]
    return pattern[: min((end for end in ends if end >= 0), default=len(pattern))]


def _tokens(pattern: str) -> list[str | None]:
    """Give what each character may be: None is a star, `=x` is x, `?` any, `[…` a set."""
    tokens: list[str | None] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        end = pattern.find("]", place + 3 if pattern[place + 1 : place + 2] in "!^" else place + 2)
        if character == "*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif character == "?":
            tokens.append("?")
        elif character == "[" and end > 0:
            tokens.append(pattern[place:end])
            place = end
        else:
            if character == "\\" and place + 1 < len(pattern):
                place += 1
            tokens.append("=" + pattern[place])
        place += 1
    return tokens


def _is_one_of(character: str, token: str) -> bool:
    if token[0] == "=":
        return character == token[1]
    if token[0] == "?":
        return True
    negated = token[1:2] in ("!", "^")
    members = token[2:] if negated else token[1:]
    found = place = 0
    while place < len(members) and not found:
        if members[place + 1 : place + 2] == "-" and place + 2 < len(members):
            found = members[place] <= character <= members[place + 2]
            place += 3
        else:
            found = character == members[place]
            place += 1
    return bool(found) != negated
