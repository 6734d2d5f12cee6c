"""Measures attacks on the networks, one after another, and prints the card's tables.

python -m models.training.attacks --data ../shared/data --work runs/attacks --models models
python -m models.training.attacks --work runs/attacks --only card
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.training.attacks.counts import be_modest

STEPS = ("face_check", "face_find", "scene", "patches", "dictionary", "card")


def main() -> None:
    """Each step goes on where it stopped."""
    be_modest()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    from models.training.attacks import dictionary, face_check, face_find, patches, scene

    measures = {
        "face_check": face_check,
        "face_find": face_find,
        "scene": scene,
        "patches": patches,
        "dictionary": dictionary,
    }
    for name, module in measures.items():
        if name in asked.only:
            module.measure(asked.data, asked.models, asked.work)
    if "patches" in asked.only:
        patches.measure_where(asked.data, asked.models, asked.work)
    if "card" in asked.only:
        from models.training.attacks import card

        card.write(asked.models, asked.work)


if __name__ == "__main__":
    main()
