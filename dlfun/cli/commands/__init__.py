"""One module a command: its flags, and what it prints.

The scripts of `experiments/` and the console command `dlfun` start the same ones.
"""
