"""Sums over the synapses of one row, for several lanes (steps and trials) at once.

    out[at : at + L] += sum_k weight[k] * values[scale * index[k] : ... + L]

This is the inner loop of everything that touches all synapses. Compiled from Python
arrays the L sums live in memory; here they are vectors of the processor, which is two
to four times faster. The loop is written in LLVM's language, so that it needs no C
compiler and runs on every processor that Numba knows.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDEST = 8  # float32 numbers in a vector of the processor
_FLOAT = ir.FloatType()
_INT64 = ir.IntType(64)
_INT32 = ir.IntType(32)


def _row_sum(n_chains, is_fused):
    """An intrinsic that adds a row in `n_chains` interleaved sums.

    Args:
        n_chains: Sums that do not wait for each other; 1 adds in the order of the
            synapses.
        is_fused: Whether products are rounded only after the addition.
    """

    @intrinsic
    def add_row(context, out, at, weight, index, first, last, values, scale, lanes):
        """Adds a row to `out`.

        Args:
            out, at: float32 array, and where the L sums are added.
            weight, index: Of all synapses, float32 and unsigned or int32.
            first, last: Range of the row.
            values, scale: float32 array, read at `scale * index`.
            lanes: A tuple of L numbers; only its length counts, a multiple of 4.
        """
        del context
        arguments = (out, at, weight, index, first, last, values, scale, lanes)
        signature = types.void(*arguments)
        widths = _vector_widths(lanes.count)

        def generate(context, builder, signature, arguments):
            data = [
                context.make_array(signature.args[i])(
                    context, builder, arguments[i]
                ).data
                if isinstance(signature.args[i], types.Array)
                else arguments[i]
                for i in range(len(arguments) - 1)
            ]
            _Loop(builder, data, widths, n_chains, is_fused).generate()
            return context.get_dummy_value()

        return signature, generate

    return add_row


def _vector_widths(n_lanes):
    whole, rest = divmod(n_lanes, _WIDEST)
    if rest not in (0, 4):
        raise ValueError(f"lanes must be a multiple of 4, got {n_lanes}.")
    return [_WIDEST] * whole + [rest] * bool(rest)


class _Loop:
    """Writes the loop over a row: groups of `n_chains` synapses, then the rest."""

    def __init__(self, builder, data, widths, n_chains, is_fused):
        self.builder = builder
        self.out, self.at, self.weight, self.index = data[:4]
        self.first, self.last, self.values, self.scale = data[4:]
        self.widths = widths
        self.n_chains = n_chains
        self.is_fused = is_fused

    def generate(self):
        b = self.builder
        count = b.sub(self.last, self.first)
        whole = b.sub(count, b.srem(count, _INT64(self.n_chains)))
        middle = b.add(self.first, whole)
        zero = [ir.Constant(ir.VectorType(_FLOAT, w), [0.0] * w) for w in self.widths]
        sums = zero * self.n_chains
        sums = self._loop(self.first, middle, self.n_chains, sums)
        n = len(self.widths)
        chain, others = sums[:n], sums[n:]
        chain = self._loop(middle, self.last, 1, chain) if others else chain
        for i, other in enumerate(others):
            chain[i % n] = b.fadd(chain[i % n], other)
        lane = 0
        for width, total in zip(self.widths, chain, strict=True):
            where = self._pointer(self.out, b.add(self.at, _INT64(lane)), width)
            b.store(b.fadd(b.load(where, align=4), total), where, align=4)
            lane += width

    def _loop(self, first, last, step, sums):
        """Advances `sums` over the synapses from first to last, `step` at a time."""
        b = self.builder
        before = b.block
        head = b.append_basic_block("row.head")
        body = b.append_basic_block("row.body")
        after = b.append_basic_block("row.after")
        b.branch(head)
        b.position_at_end(head)
        k = b.phi(_INT64)
        k.add_incoming(first, before)
        running = [b.phi(value.type) for value in sums]
        for phi, value in zip(running, sums, strict=True):
            phi.add_incoming(value, before)
        b.cbranch(b.icmp_signed("<", k, last), body, after)
        b.position_at_end(body)
        n = len(self.widths)
        for j in range(step):
            chain = running[j * n : (j + 1) * n]
            advanced = self._synapse(b.add(k, _INT64(j)), chain)
            for phi, value in zip(chain, advanced, strict=True):
                phi.add_incoming(value, body)
        k.add_incoming(b.add(k, _INT64(step)), body)
        b.branch(head)
        b.position_at_end(after)
        return running

    def _synapse(self, k, chain):
        """The sums of one chain after synapse k."""
        b = self.builder
        weight = b.load(b.gep(self.weight, [k]))
        index = b.load(b.gep(self.index, [k]))
        if index.type.width < _INT64.width:
            index = b.zext(index, _INT64)
        start = b.mul(index, self.scale)
        advanced = []
        for i, (width, total) in enumerate(zip(self.widths, chain, strict=True)):
            lane = sum(self.widths[:i])
            where = self._pointer(self.values, b.add(start, _INT64(lane)), width)
            value = b.load(where, align=4)
            factor = self._broadcast(weight, width)
            advanced.append(self._multiply_add(factor, value, total))
        return advanced

    def _multiply_add(self, factor, value, total):
        b = self.builder
        if not self.is_fused:
            return b.fadd(b.fmul(factor, value), total)
        kind = ir.FunctionType(total.type, [total.type] * 3)
        name = f"llvm.fma.v{total.type.count}f32"
        fma = cgutils.get_or_insert_function(b.module, kind, name)
        return b.call(fma, [factor, value, total])

    def _broadcast(self, number, width):
        b = self.builder
        vector = ir.Constant(ir.VectorType(_FLOAT, width), ir.Undefined)
        vector = b.insert_element(vector, number, _INT32(0))
        first = ir.Constant(ir.VectorType(_INT32, width), [0] * width)
        return b.shuffle_vector(vector, vector, first)

    def _pointer(self, array, position, width):
        b = self.builder
        kind = ir.VectorType(_FLOAT, width).as_pointer()
        return b.bitcast(b.gep(array, [position]), kind)


add_row = _row_sum(n_chains=2, is_fused=True)
add_row_in_order = _row_sum(n_chains=1, is_fused=False)
