"""Tables, figures and one page of records; it never trains.

All of it is made from rows and files alone, so that a record can be reported anywhere.
"""
