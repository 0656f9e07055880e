"""Finds what Keras would run, open or need if it loaded a file. Nothing is run and no other file is opened.

``rules`` is the table of risks: what a file can contain, and what Keras does with it. ``file`` walks over all parts of a
file. The other modules check one kind of part each: ``config`` the objects of a config, ``hdf5`` the groups and arrays,
``numpy_arrays`` the weights in NumPy's format, ``archive`` the members of an archive, ``graph`` a TensorFlow graph.
"""
