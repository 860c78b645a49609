"""`python -m dlfun` is the console command `dlfun`."""

from dlfun.cli.main import main

if __name__ == "__main__":
    main()
