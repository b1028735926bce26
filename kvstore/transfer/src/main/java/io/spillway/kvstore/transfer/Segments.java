package io.spillway.kvstore.transfer;

import java.lang.foreign.MemorySegment;
import org.agrona.DirectBuffer;

/** Views of Aeron's buffers as memory segments: one copy from there to where a block belongs. */
final class Segments {
    private Segments() {
    }

    /** @return a view of {@code length} bytes at {@code offset}; valid as long as the buffer is, which nobody checks */
    static MemorySegment of(final DirectBuffer buffer, final int offset, final int length) {
        buffer.boundsCheck(offset, length);
        if (buffer.byteArray() != null) {
            return MemorySegment.ofArray(buffer.byteArray()).asSlice(buffer.wrapAdjustment() + offset, length);
        }
        return MemorySegment.ofAddress(buffer.addressOffset() + offset).reinterpret(length);
    }
}
