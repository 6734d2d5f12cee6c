"""Words that several rooms share: plain values, no logic."""
