"""The names of the files in an archive of Keras, and in a folder of keras_hub."""

CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"
# Keras can split the weights of a model into several HDF5 files. The file that lists these HDF5 files:
SHARDS = "model.weights.json"
# The files of a task model of keras_hub, such as a classifier. A task model consists of a backbone and a head.
# TASK_WEIGHTS has the weights of the head, and WEIGHTS_MEMBER has the weights of the backbone.
TASK = "task.json"
TASK_WEIGHTS = "task.weights.h5"
