"""Values that say what a study is asked to do, and the tables of what may be asked.

Flags and keywords are read by the same parsers here; nothing here trains, or knows where records
lie.
"""
