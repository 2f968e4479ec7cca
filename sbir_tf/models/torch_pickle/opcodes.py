"""The first wall: a pickle read as data, before it is loaded."""

import io
import pickletools

from sbir_tf.models.torch_pickle.known_globals import find_global
from sbir_tf.models.torch_pickle.refusals import Refused

_TUPLE_ITEMS = 1_000  # the largest tuple of a state dict has about ten, counted all the way down

# fmt: off
_OPCODES = {
    "PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE",
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS",
    "EMPTY_DICT", "SETITEM", "SETITEMS",
    "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID",
}
# fmt: on


def check_opcodes(stream: io.BytesIO) -> None:
    """Reads one pickle as data and refuses whatever a state dict does not need.

    It follows the stack only as far as to know how many items hashing each tuple would visit:
    tuples of tuples double with every instruction, and a deep one overflows the C stack.
    """
    sizes: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    for opcode, argument, position in pickletools.genops(stream):
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            find_global(*str(argument).split(" ", 1))
        if name not in _OPCODES:
            raise Refused(f"it uses the pickle instruction {name}, which no state dict needs")
        if name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            index = len(memo) if argument is None else argument
            # The unpickler's memo is an array: one large index would allocate gigabytes.
            if index > position:
                raise Refused("it numbers its objects higher than it can have any")
            memo[index] = sizes[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            sizes.append(memo[argument])
        elif name == "MARK":
            marks.append(len(sizes))
        else:
            _follow(opcode, sizes, marks)


def _follow(opcode: pickletools.OpcodeInfo, sizes: list[int], marks: list[int]) -> None:
    """Takes from the stack of sizes what an instruction takes, and puts there what it puts."""
    before = opcode.stack_before
    if pickletools.markobject in before:
        start = marks.pop() - before.index(pickletools.markobject)
    else:
        start = len(sizes) - len(before)
    if start < 0:
        raise Refused("damaged: a pickle instruction finds nothing to work on")
    taken = sum(sizes[start:]) if opcode.name.startswith("TUPLE") else 0
    if taken > _TUPLE_ITEMS:
        raise Refused("it holds tuples of tuples without end")
    del sizes[start:]
    sizes.extend(1 + taken for _ in opcode.stack_after)
