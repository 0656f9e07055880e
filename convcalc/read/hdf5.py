"""The config in an HDF5 file, as Keras 2 and 3 save a model into ``.h5``: one attribute of the file, and nothing else.

No link is followed, so none to another file either; no dataset is read. Needs h5py, of the extra ``convcalc[hdf5]``.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from convcalc.problems import Source, error

MAX_CONFIG = 64 * 2**20


def config_text(file: BinaryIO, name: str) -> Source:
    """The text of the config. Raises :class:`ConvcalcError` for a file without one, and where h5py is not installed."""
    try:
        import h5py
    except ImportError:
        message = f"{name}: this is an HDF5 file; to read it, install the extra: pip install 'convcalc[hdf5]'"
        raise error("needs-h5py", message) from None
    try:
        with h5py.File(file, "r") as opened:
            config: Any = opened.attrs.get("model_config")
    except Exception as bad:  # h5py raises OSError, KeyError, RuntimeError … for what is damaged
        raise error("damaged", f"{name}: the HDF5 file is damaged: {str(bad)[:200]}") from None
    if config is None:
        message = f"{name}: this HDF5 file holds weights alone, without the model's config"
        raise error("not-a-model", message)
    if isinstance(config, bytes):
        config = config.decode("utf-8", "replace")
    if not isinstance(config, str) or len(config) > MAX_CONFIG:
        raise error("not-a-model", f"{name}: what this HDF5 file holds as its config is no text of a usual size")
    return Source(name, config)
