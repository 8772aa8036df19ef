"""python -m dnalect."""

from dnalect.cli.main import main

if __name__ == "__main__":
    main()
