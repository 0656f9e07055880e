"""The names of the files in an archive of Keras, and in a folder of keras_hub."""

CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"
NUMPY_WEIGHTS = "model.weights.npz"
# Lists the HDF5 files with the weights, if Keras splits the weights into several files.
SHARDS = "model.weights.json"
# The files of a task model of keras_hub, such as a classifier. It consists of a backbone and a head. TASK_WEIGHTS has
# the weights of the head, WEIGHTS_MEMBER those of the backbone.
TASK = "task.json"
TASK_WEIGHTS = "task.weights.h5"
