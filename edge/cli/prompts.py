"""`prompts`: the spoken prompts, made with espeak-ng or looked at."""

from __future__ import annotations

import argparse

from edge.cli.options import Commands, add_settings_options, load_settings
from edge.messages.prompts import clip_texts
from edge.selftest import machine
from edge.settings.places import prompts_folder
from hw.board import make_clips


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("prompts", help="make the spoken prompts with espeak-ng")
    parser.add_argument(
        "--check", action="store_true", help="make none: look whether all are there and whole"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    language = settings.cabin.language
    if args.check:
        print(machine.phrases(prompts_folder(settings), language))
        return 0
    made = make_clips(clip_texts(language), language, prompts_folder(settings))
    print(f"{len(made)} phrases in {prompts_folder(settings)}")
    return 0
