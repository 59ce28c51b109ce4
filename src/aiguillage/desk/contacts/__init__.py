"""The directory of callers as files: read, compared with what is kept, stored, written."""

from aiguillage.desk.contacts.changes import Change, Changes
from aiguillage.desk.contacts.csv_file import read_csv, write_csv
from aiguillage.desk.contacts.found import Import, Problem
from aiguillage.desk.contacts.importing import compare, export, import_file, read_file, revision
from aiguillage.desk.contacts.vcards import read_vcards, write_vcards

__all__ = [
    "Change",
    "Changes",
    "Import",
    "Problem",
    "compare",
    "export",
    "import_file",
    "read_csv",
    "read_file",
    "read_vcards",
    "revision",
    "write_csv",
    "write_vcards",
]
