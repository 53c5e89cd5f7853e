#!/usr/bin/env bash
# Hypothesis 6.170.17: naming an alternative nine times does not make it nine times as likely, and
# grouping alternatives does not give each group its share.
#
#   one_of(often, often, ... nine times, rare)      draws `rare` in half of the cases, not a tenth
#   one_of(one_of(nine of them), rare)              draws `rare` in a tenth, not in half
# one_of drops repeats and takes nested alternatives apart, so a model test in which "mostly
# commands, now and then a clock that goes back" is written so spends its examples elsewhere, and
# nothing says so. sampled_from over the strategies, then flatmap, does weigh them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check hypothesis==6.170.17
cd "$work"
"$work/venv/bin/python" - <<'PY'
from collections import Counter

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st


def share(strategy):
    """Return which share of what is drawn is rare."""
    seen = Counter()

    @seed(1)
    @settings(max_examples=1000, database=None, phases=[Phase.generate])
    @given(st.lists(strategy, min_size=20, max_size=20))
    def draw(drawn):
        seen.update(word == "rare" for word in drawn)

    draw()
    return seen[True] / seen.total()


often, rare = st.just("often"), st.just("rare")
several = st.one_of(*(st.builds(lambda k=k: f"often {k}") for k in range(9)))
found = {
    "nine times often, once rare": share(st.one_of(*[often] * 9, rare)),
    "one of nine, or rare": share(st.one_of(several, rare)),
    "sampled from nine often and a rare": share(
        st.sampled_from([often] * 9 + [rare]).flatmap(lambda chosen: chosen)
    ),
}
for written, part in found.items():
    print(f"{written}: rare in {part:.0%}")
near = [round(part, 1) for part in found.values()]
assert near == [0.5, 0.1, 0.1], found
PY
