#!/usr/bin/env bash
# One Chinese customer, three libraries for search by sound, three spellings of the name.
#
# Many surnames are read otherwise than the same character elsewhere. pypinyin 0.55.0 (Python) and
# two libraries for the browser, pinyin 4.0.0 and pinyin-pro 3.29.4, each in its surname mode, say:
#                      pypinyin         pinyin           pinyin-pro
#   Zeng Guofan        ceng guo fan     zeng guo fan     zeng guo fan
#   Qu Xiaoming, Ou    qu xiao ming     qu xiao ming     ou xiao ming
#   Zhai Tianlin       di tian lin      zhai tian lin    zhai tian lin
#   Shan Xiongxin      dan xiong xin    shan xiong xin   shan xiong xin
#   Lü Bu              lv bu            lv bu            lü bu
#   Xiamen Airlines    xia men ...      sha men ...      xia men ...
# pypinyin does know the surnames of two characters (Yuchi, Moqi), so a first try looks right; of
# one character it takes the commonest reading, also for Zeng, the surname of millions. And the
# newest pinyin reads the city of Xiamen as Sha men. An index made by one of them is not found by
# what another, or a person, types.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pypinyin==0.55.0
npm install --silent --no-audit --no-fund --prefix "$work" pinyin@4.0.0 pinyin-pro@3.29.4
cat >"$work/names.mjs" <<'JS'
import { pinyin as pro } from "pinyin-pro";
import library from "pinyin";

const names = process.argv.slice(2);
console.log(
  JSON.stringify({
    pinyin: names.map((name) => library.pinyin(name, { style: "normal", mode: "surname" }).join(" ")),
    "pinyin-pro": names.map((name) => pro(name, { toneType: "none", mode: "surname" })),
  }),
);
JS
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import subprocess

from pypinyin import lazy_pinyin

names = ["曾国藩", "区小明", "翟天临", "单雄信", "吕布", "厦门航空", "尉迟恭", "万俟卨"]
by_node = json.loads(subprocess.check_output(["node", "names.mjs", *names]))
found = {"pypinyin": [" ".join(lazy_pinyin(name)) for name in names], **by_node}
for name, *spellings in zip(names, *found.values()):
    print(f"{name}: {dict(zip(found, spellings))}")
assert found == {
    "pypinyin": [
        "ceng guo fan", "qu xiao ming", "di tian lin", "dan xiong xin", "lv bu",
        "xia men hang kong", "yu chi gong", "mo qi xie",
    ],
    "pinyin": [
        "zeng guo fan", "qu xiao ming", "zhai tian lin", "shan xiong xin", "lv bu",
        "sha men hang kong", "yu chi gong", "mo qi xie",
    ],
    "pinyin-pro": [
        "zeng guo fan", "ou xiao ming", "zhai tian lin", "shan xiong xin", "lü bu",
        "xia men hang kong", "yu chi gong", "mo qi xie",
    ],
}, found  # fmt: skip
PY
