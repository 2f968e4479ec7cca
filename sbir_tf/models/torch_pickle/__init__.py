"""PyTorch state dicts, read without PyTorch and without running anything that is in them.

A `.pth` file is a pickle, and a pickle is a program: loaded freely it may do whatever it likes.
Three walls stand between the file and the machine:

1. `opcodes.check_opcodes` reads the pickle as data, before it is loaded. Only the instructions
   that a state dict is made of pass: no class is instantiated, nothing is taken from the
   extension registry (`EXT*` would not ask `find_class`), and no number in it can make the
   stdlib's unpickler allocate more than the file's own size or hash a bottomless tuple.
2. `unpickler.Unpickler.find_class` knows the dozen names in `known_globals.py` and answers with
   objects of this package. No class, function or module of Python's is ever on the unpickler's
   stack.
3. Those objects are sealed (`sealed.py`): `BUILD`, which sets attributes on whatever it finds,
   gets an error.

What comes out are descriptions of tensors. They are checked against the storages, and the
storages against the file's size, before any memory is asked for.
"""

from sbir_tf.models.torch_pickle.reader import read_torch

__all__ = ["read_torch"]
