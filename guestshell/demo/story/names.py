"""Names that are hard to type and to show."""

from guestshell.demo.story.part import Part

PART = Part(
    texts={
        "/srv/names/with space.txt": "a name with a space\n",
        "/srv/names/it's quoted.txt": "a name with an apostrophe\n",
        '/srv/names/say "hi".txt': "a name with double quotes\n",
        "/srv/names/two\nlines": "a name with a newline\n",
        "/srv/names/\x1b[31mred\x1b[0m": "a name with an escape sequence\n",
        "/srv/names/caf\udce9": "a name in Latin-1, which is no UTF-8\n",
        "/srv/names/-rf": "a name like an option\n",
        "/srv/names/日本語.txt": "a name in Japanese\n",
        "/srv/names/\u202egnp.exe": "a name with a right-to-left override\n",
        "/srv/names/[bold]": "a name like markup\n",
    },
    links={"/srv/absolute": "/etc/hostname", "/srv/loop": "loop"},
)
