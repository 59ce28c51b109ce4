"""The plan document: plain data (as YAML or JSON carries it) <-> `Plan`.

`load` refuses a document as a whole, with every fault in it and each fault's path; `dump` writes the shortest
document that loads to an equal plan. Text is read and written at the edge (`aiguillage.text_formats`).
"""

from aiguillage.routing.document.dump import dump
from aiguillage.routing.document.load import load

__all__ = ["dump", "load"]
