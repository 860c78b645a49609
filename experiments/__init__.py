"""The commands of dlfun as scripts of a clone, a file each."""
