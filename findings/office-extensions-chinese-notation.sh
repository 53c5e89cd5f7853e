#!/usr/bin/env bash
# An office number with its extension as Chinese business cards print it: lost, or part of the number.
#
# Of 010-8888 8888, extension 802, four usual notations, region CN, and what is made of them by
#   phonenumbers 9.0.43 (Python), google-libphonenumber 3.2.47 and libphonenumber-js 1.13.16 (Node):
#   010-88888888-802      parsed as +86 1088888888802: the extension has become digits of the number;
#                         fifteen of them, so that it passes for E.164, which allows fifteen
#   010-88888888转802      refused, in all three ("to be put through to 802")
#   010-88888888 分机802   refused, in all three ("extension 802")
#   010-88888888 ext. 802 parsed as +86 1088888888 with extension 802, in all three
# Russian and Spanish words for an extension are known to the pattern (доб, anexo), Chinese ones not.
#
# The same library's search in running text does otherwise: of the second and third it finds the
# number and leaves the extension away without a word, and of the first it finds nothing at all.
# So whoever stores what `parse` returns without asking `is_valid_number` keeps a number that nobody
# has, and whoever searches letters for numbers misses the switchboards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check phonenumbers==9.0.43
npm install --silent --no-audit --no-fund google-libphonenumber@3.2.47 libphonenumber-js@1.13.16

venv/bin/python - <<'PY'
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, NumberParseException

NOTATIONS = ("010-88888888-802", "010-88888888转802", "010-88888888 分机802", "010-88888888 ext. 802")


def parsed(text):
    try:
        number = phonenumbers.parse(text, "CN")
    except NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        number.extension,
        phonenumbers.is_valid_number(number),
    )


def found(text):
    matches = PhoneNumberMatcher(f"请打 {text} 找经理", "CN")
    return [
        (phonenumbers.format_number(match.number, PhoneNumberFormat.E164), match.number.extension)
        for match in matches
    ]


answers = {text: (parsed(text), found(text)) for text in NOTATIONS}
for text, (number, matches) in answers.items():
    print(f"phonenumbers          {text:24} parse: {number}; in a text: {matches}")
office = "+861088888888"
assert answers == {
    "010-88888888-802": (("+861088888888802", None, False), []),
    "010-88888888转802": (None, [(office, None)]),
    "010-88888888 分机802": (None, [(office, None)]),
    "010-88888888 ext. 802": ((office, "802", True), [(office, "802")]),
}, answers
PY

node - <<'JS'
const assert = require("node:assert");
const google = require("google-libphonenumber");
const { parsePhoneNumberFromString } = require("libphonenumber-js/max");

const NOTATIONS = ["010-88888888-802", "010-88888888转802", "010-88888888 分机802", "010-88888888 ext. 802"];
const util = google.PhoneNumberUtil.getInstance();

function byGoogle(text) {
  try {
    const number = util.parse(text, "CN");
    const e164 = util.format(number, google.PhoneNumberFormat.E164);
    return [e164, number.getExtension() ?? null, util.isValidNumber(number)];
  } catch {
    return null;
  }
}

function byJs(text) {
  const number = parsePhoneNumberFromString(text, "CN");
  return number ? [number.number, number.ext ?? null, number.isValid()] : null;
}

const expected = [
  ["+861088888888802", null, false],
  null,
  null,
  ["+861088888888", "802", true],
];
for (const [name, parse] of [["google-libphonenumber", byGoogle], ["libphonenumber-js", byJs]]) {
  const answers = NOTATIONS.map(parse);
  NOTATIONS.forEach((text, n) => console.log(name.padEnd(21), text.padEnd(24), answers[n]));
  assert.deepStrictEqual(answers, expected);
}
JS
