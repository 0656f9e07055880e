"""Reads the structure of HDF5 files: groups, links, attributes that are texts, and the shapes and types of arrays.

Written in Python from the HDF5 File Format Specification, version 3. Every step is bounded, so a damaged or hostile file
gives an error: it cannot crash the program, and it cannot run forever (see ``storage``). Nothing is decompressed, no
other file is opened, and the data of an array are read only on request.

``files`` opens a file. ``objects`` has its groups and arrays. The other modules read one structure of the format each.
"""
