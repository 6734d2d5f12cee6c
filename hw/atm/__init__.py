"""The line to the cash machine: who has the card in, what was typed there, and what it is told."""
