# SPDX-License-Identifier: Apache-2.0
"""The commands of a guide: its ```sh blocks, each of which says in its first line where it is typed."""
import re
from typing import NamedTuple


class Block(NamedTuple):
    document: str
    heading: str
    where: str  # box, kiosk or maker
    text: str


def blocks(path):
    heading, found = "", []
    for part in re.finditer(r"^## (?P<heading>[^\n]*)$|^```sh\n# (?P<where>box|kiosk|maker)\n(?P<text>.*?)^```$",
                            path.read_text(), re.M | re.S):
        if part["heading"]:
            heading = part["heading"]
        else:
            found.append(Block(path.name, heading, part["where"], part["text"]))
    assert len(found) == path.read_text().count("```sh")
    return found
