"""The stem of an English word, by M.F. Porter, "An algorithm for suffix stripping", Program 14 (3), 1980.

Includes the author's later changes (``bli`` and ``logi`` in step 2), see https://tartarus.org/martin/PorterStemmer/.
"""

from __future__ import annotations

import re

# A y is a vowel after a consonant. A stem is a consonant run, then vowel and consonant runs in turn; the "measure" of
# the paper is how often a consonant run follows a vowel run.
_CONSONANTS, _VOWELS = "[^aeiou][^aeiouy]*", "[aeiouy][aeiou]*"
_MEASURE_ABOVE_0 = re.compile(f"^({_CONSONANTS})?{_VOWELS}{_CONSONANTS}")
_MEASURE_1 = re.compile(f"^({_CONSONANTS})?{_VOWELS}{_CONSONANTS}({_VOWELS})?$")
_MEASURE_ABOVE_1 = re.compile(f"^({_CONSONANTS})?({_VOWELS}{_CONSONANTS}){{2}}")
_HAS_VOWEL = re.compile(f"^({_CONSONANTS})?[aeiouy]")
_DOUBLE = re.compile(r"([^aeiouylsz])\1$")
_ENDS_CVC = re.compile(f"^{_CONSONANTS}[aeiouy][^aeiouwxy]$")

_STEP_2 = (
    *(("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble")),
    *(("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate")),
    *(("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al")),
    *(("iviti", "ive"), ("biliti", "ble"), ("logi", "log")),
)
_STEP_3 = (("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""))
# The longest of several that fit comes first.
_STEP_4 = (
    *("ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti", "ous", "ive", "ize"),
    *("al", "er", "ic", "ou"),
)


def stem(word: str) -> str:
    """The stem of a word in lower case; words of one or two letters are their own."""
    if len(word) < 3:  # noqa: PLR2004 - as the author's own program has it
        return word
    # A y that begins the word is a consonant; the capital keeps it from counting as a vowel.
    first = word[0]
    if first == "y":
        word = "Y" + word[1:]
    for step in (_plurals, _past, _final_y, _double_suffixes, _suffixes, _endings, _tidied):
        word = step(word)
    return first + word[1:]


def _plurals(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _MEASURE_ABOVE_0.match(word[:-3]) else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix):
            found = word.removesuffix(suffix)
            return _mended(found) if _HAS_VOWEL.match(found) else word
    return word


def _mended(found: str) -> str:
    """What is left without -ed or -ing, as a word again."""
    if found.endswith(("at", "bl", "iz")):
        return found + "e"
    if _DOUBLE.search(found):
        return found[:-1]
    return found + "e" if _ENDS_CVC.match(found) else found


def _final_y(word: str) -> str:
    return word[:-1] + "i" if word.endswith("y") and _HAS_VOWEL.match(word[:-1]) else word


def _double_suffixes(word: str) -> str:
    return _replaced(word, _STEP_2)


def _suffixes(word: str) -> str:
    return _replaced(word, _STEP_3)


def _replaced(word: str, suffixes: tuple[tuple[str, str], ...]) -> str:
    for suffix, replacement in suffixes:
        if word.endswith(suffix):
            found = word.removesuffix(suffix)
            return found + replacement if _MEASURE_ABOVE_0.match(found) else word
    return word


def _endings(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            found = word.removesuffix(suffix)
            wrong = suffix == "ion" and not found.endswith(("s", "t"))
            return found if _MEASURE_ABOVE_1.match(found) and not wrong else word
    return word


def _tidied(word: str) -> str:
    if word.endswith("e"):
        found = word[:-1]
        if _MEASURE_ABOVE_1.match(found) or (_MEASURE_1.match(found) and not _ENDS_CVC.match(found)):
            word = found
    return word[:-1] if word.endswith("ll") and _MEASURE_ABOVE_1.match(word) else word
