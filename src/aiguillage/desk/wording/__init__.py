"""What people read, in their language: words, callers, times, and where calls go."""

from aiguillage.desk.wording.words import LANGUAGES, Words, words_for, words_in

__all__ = ["LANGUAGES", "Words", "words_for", "words_in"]
