"""Stands in for curl where there is none, as far as the examples of the documentation use it."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from urllib.request import Request, urlopen


def parse(arguments: list[str]) -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-H", action="append", default=[], dest="headers")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-d", dest="data")
    parser.add_argument("-T", dest="upload", type=Path)
    parser.add_argument("-o", dest="target", type=Path)
    for flag in "fsS":
        parser.add_argument(f"-{flag}", action="store_true")
    return parser.parse_args(arguments)


def main(given: Namespace) -> None:
    headers = dict(header.split(": ", 1) for header in given.headers)
    body = given.upload.read_bytes() if given.upload else given.data.encode() if given.data else None
    method = given.method or ("PUT" if given.upload else "POST" if given.data else "GET")
    with urlopen(Request(given.url, body, headers, method=method)) as answer:
        content = answer.read()
    if given.target:
        given.target.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


main(parse(sys.argv[1:]))
