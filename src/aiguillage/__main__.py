"""`aiguillage` and `python -m aiguillage`."""

from aiguillage.cli import main

if __name__ == "__main__":
    main()
