"""Numbers too small for a normal float32 count as zero.

Currents and adjoints decay for ever; below 1e-38 an x86 processor computes them a
hundred times slower. TensorFlow switches that off in its own threads, so that all
engines agree; here it is done for the threads of the compiled loops. Other processors
lose nothing.
"""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")
_FLUSH = 0x8040  # bits "flush to zero" and "denormals are zero" of the control register
_INT32 = ir.IntType(32)
_POINTER = ir.IntType(8).as_pointer()


def _call(builder, name, slot):
    kind = ir.FunctionType(ir.VoidType(), [_POINTER])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    builder.call(function, [builder.bitcast(slot, _POINTER)])


@intrinsic
def flush_denormals(context):
    """Switches denormal numbers off in this thread; returns what `restore` needs."""
    del context

    def generate(context, builder, signature, arguments):
        if not _IS_X86:
            return _INT32(0)
        slot = cgutils.alloca_once(builder, _INT32)
        _call(builder, "llvm.x86.sse.stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, _INT32(_FLUSH)), slot)
        _call(builder, "llvm.x86.sse.ldmxcsr", slot)
        return before

    return types.uint32(), generate


@intrinsic
def restore(context, before):
    """Undoes `flush_denormals`."""
    del context

    def generate(context, builder, signature, arguments):
        if _IS_X86:
            slot = cgutils.alloca_once(builder, _INT32)
            builder.store(arguments[0], slot)
            _call(builder, "llvm.x86.sse.ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(before), generate
