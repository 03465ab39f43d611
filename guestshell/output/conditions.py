"""What a condition of `where` means for rows of a type: by the kind that each field declares."""

import operator as op
import re
import stat
import time
import warnings
from collections.abc import Callable
from typing import Any

from guestshell.errors import UsageError
from guestshell.language import expression as ex
from guestshell.output.cells import rfc3339
from guestshell.output.fields import Field, field_of
from guestshell.output.moments import Age, Span, parse_size, parse_time
from guestshell.values import Mode, Percent, Size, Timestamp

Test = Callable[[Any], bool]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": op.eq,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}
_NEGATIONS = {"!=": "=", "!~": "=~"}
_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def test_of(condition: ex.Condition, row_type: Any) -> Test:
    """Give the test that a condition is for rows of a type; ages count from now.

    Raises UsageError for a field that is not there or a value that does not fit it.
    """
    if isinstance(condition, ex.Not):
        inner = test_of(condition.term, row_type)
        return lambda row: not inner(row)
    if isinstance(condition, ex.All):
        terms = [test_of(term, row_type) for term in condition.terms]
        return lambda row: all(term(row) for term in terms)
    if isinstance(condition, ex.Any):
        terms = [test_of(term, row_type) for term in condition.terms]
        return lambda row: any(term(row) for term in terms)
    return _comparison(condition, row_type)


def _comparison(comparison: ex.Comparison, row_type: Any) -> Test:
    try:
        field = field_of(row_type, comparison.field)
    except UsageError as error:
        raise _at(error, comparison.column) from None
    get = field.get
    if comparison.operator == "truth":
        return lambda row: bool(get(row))
    if comparison.operator == "in":
        fits = [_fits(field, "=", value) for value in comparison.values]
        return _on(field, lambda item: any(fit(item) for fit in fits))
    [value] = comparison.values
    negated = _NEGATIONS.get(comparison.operator)
    test = _on(field, _fits(field, negated or comparison.operator, value))
    return (lambda row: not test(row)) if negated else test


def _on(field: Field, fits: Test) -> Test:
    """Give the test of a row by that of its value; of many values one must fit, None never."""
    get = field.get
    if field.many:
        return lambda row: any(fits(item) for item in get(row) or ())
    return lambda row: (value := get(row)) is not None and fits(value)


def _at(error: UsageError, column: int) -> UsageError:
    return UsageError(f"column {column + 1}: {error.message}", error.remedy)


def _fits(field: Field, sign: str, value: ex.Value) -> Test:
    try:
        if sign == "=~":
            return _matches(field, value.text)
        return _compares(field.kind, sign, value.text)
    except UsageError as error:
        raise _at(error, value.column) from None


def _text(kind: Any, value: Any) -> str:
    """Give the text that a regular expression sees: times and modes as data formats hold them."""
    if kind is Timestamp:
        return rfc3339(value)
    if kind is bool:
        return "yes" if value else "no"
    return stat.filemode(value) if kind is Mode else str(value)


def _matches(field: Field, text: str) -> Test:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"the expression {text!r} is malformed: {error}") from None
    kind = field.kind
    return lambda value: pattern.search(_text(kind, value)) is not None


def _compares(kind: Any, sign: str, text: str) -> Test:
    order = _ORDER[sign]
    if kind is Timestamp:
        return _compares_time(sign, parse_time(text))
    if kind is Mode:
        return _compares_mode(order, text)
    if kind is Size:
        size = parse_size(text)
        return lambda value: order(value, size)
    if kind is bool:
        if text.lower() not in _TRUTHS:
            raise UsageError(f"{text!r} is neither yes nor no")
        truth = _TRUTHS[text.lower()]
        return lambda value: order(value, truth)
    if kind in (int, float, Percent):
        number = _number(text)
        return lambda value: order(value, number)
    return lambda value: order(_text(kind, value), text)


def _compares_mode(order: Callable[[Any, Any], bool], text: str) -> Test:
    if re.fullmatch(r"[0-7]{1,5}", text):
        bits = int(text, 8)
        return lambda mode: order(mode & 0o7777, bits)
    if len(text) != len(stat.filemode(0)):
        raise UsageError(f"{text!r} is not a mode", "write one as 644, 4755 or -rw-r--r--")
    return lambda mode: order(stat.filemode(mode), text)


def _number(text: str) -> float:
    try:
        return int(text, 0) if not text.isdecimal() else int(text)
    except ValueError:
        pass
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise UsageError(f"{text!r} is not a number") from None


def _compares_time(sign: str, moment: Span | Age) -> Test:
    if isinstance(moment, Age):
        now, length, unit = time.time_ns(), moment.length, moment.unit
        if sign == "=":
            return lambda value: (now - value) // unit == length // unit
        order = _ORDER[sign]
        return lambda value: order(now - value, length)
    start, end = moment.start, moment.end
    tests: dict[str, Test] = {
        "=": lambda value: start <= value < end,
        "<": lambda value: value < start,
        "<=": lambda value: value < end,
        ">": lambda value: value >= end,
        ">=": lambda value: value >= start,
    }
    return tests[sign]
