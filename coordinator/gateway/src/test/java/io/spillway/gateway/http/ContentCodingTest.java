package io.spillway.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContentCodingTest {
    private static final int BYTES_MAX = 1 << 20;

    private final BodyBudget budget = new BodyBudget(4L << 20);

    static byte[] pack(final ContentCoding coding, final byte[] plain) throws IOException {
        final ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = coding.packed(packed)) {
            out.write(plain);
        }
        return packed.toByteArray();
    }

    private RequestBody body(final byte[] bytes, final String... codings) {
        final HttpHeaders headers = new DefaultHttpHeaders();
        for (final String coding : codings) {
            headers.add("content-encoding", coding);
        }
        return new RequestBody(bytes, headers, BYTES_MAX, new BodyLease(budget));
    }

    private ErrorCode refusal(final RequestBody body) {
        try {
            body.bytes();
        } catch (final SpillwayException e) {
            return e.code();
        }
        return null;
    }

    @Property(tries = 200)
    void whatIsPackedIsUnpacked(@ForAll final ContentCoding coding, @ForAll @Size(max = 5000) final byte[] plain) throws IOException {
        assertThat(body(pack(coding, plain), coding.token()).bytes()).isEqualTo(plain);
    }

    @Property(tries = 300)
    void anyBytesAreUnpackedOrRefused(@ForAll final ContentCoding coding, @ForAll @Size(max = 200) final byte[] noise) {
        assertThat(refusal(body(noise, coding.token()))).isIn(null, ErrorCode.INVALID_VALUE, ErrorCode.REQUEST_TOO_LARGE);
    }

    @ParameterizedTest
    @EnumSource
    void aBodyThatWasCutIsRefused(final ContentCoding coding) throws IOException {
        final byte[] packed = pack(coding, "some text, some other text, some text".repeat(50).getBytes(StandardCharsets.UTF_8));
        for (int size = 1; size < packed.length - 1; size++) {
            assertThat(refusal(body(Arrays.copyOf(packed, size), coding.token()))).as("%s %d", coding, size)
                .isEqualTo(ErrorCode.INVALID_VALUE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBombIsRefusedBeforeItIsLarge(final ContentCoding coding) throws IOException {
        final byte[] packed = pack(coding, new byte[64 << 20]);
        assertThat(packed.length).isLessThan(512 << 10);
        final RequestBody body = body(packed, coding.token());
        assertThat(refusal(body)).isEqualTo(ErrorCode.REQUEST_TOO_LARGE);
        assertThat(budget.reservedBytes()).isLessThanOrEqualTo(BYTES_MAX);
    }

    @ParameterizedTest
    @EnumSource
    void whatUnpacksToMoreThanAllBodiesMayHoldIsRefusedForNow(final ContentCoding coding) throws IOException {
        assertThat(budget.tryReserve((4L << 20) - 1000)).isTrue();
        final HttpHeaders headers = new DefaultHttpHeaders().add("content-encoding", coding.token());
        final BodyLease lease = new BodyLease(budget);
        assertThat(refusal(new RequestBody(pack(coding, new byte[100_000]), headers, BYTES_MAX, lease))).isEqualTo(ErrorCode.OVERLOADED);
        lease.release();
        assertThat(budget.reservedBytes()).isEqualTo((4L << 20) - 1000);
    }

    @ParameterizedTest
    @EnumSource
    void layersAreTakenOffInTurn(final ContentCoding coding) throws IOException {
        final byte[] plain = "layers".repeat(100).getBytes(StandardCharsets.UTF_8);
        final byte[] twice = pack(ContentCoding.GZIP, pack(coding, plain));
        assertThat(body(twice, coding.token() + ", gzip").bytes()).isEqualTo(plain);
        assertThat(body(twice, coding.token(), "identity", "X-GZIP").bytes()).isEqualTo(plain);
        assertThat(refusal(body(twice, coding.token() + ", gzip, gzip"))).isEqualTo(ErrorCode.UNSUPPORTED_ENCODING);
        assertThat(refusal(body(plain, "lzma"))).isEqualTo(ErrorCode.UNSUPPORTED_ENCODING);
    }

    @ParameterizedTest
    @EnumSource
    void anEventCanBeReadAsSoonAsItIsSent(final ContentCoding coding) throws IOException {
        final EventPacking packing = new EventPacking(coding);
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 50; i++) {
            final byte[] event = ("data: {\"event\":" + i + "}\n\n").getBytes(StandardCharsets.UTF_8);
            final byte[] packed = packing.packed(event);
            assertThat(packed).isNotEmpty();
            all.writeBytes(packed);
            if (coding == ContentCoding.BROTLI) {
                continue; // This reader of it gives nothing back before the end.
            }
            final byte[] read = new byte[event.length];
            try (InputStream in = coding.unpacked(new ByteArrayInputStream(all.toByteArray()))) {
                for (int skipped = 0; skipped <= i; skipped++) {
                    assertThat(in.readNBytes(read, 0, ("data: {\"event\":" + skipped + "}\n\n").length())).isPositive();
                }
            }
            assertThat(new String(read, StandardCharsets.UTF_8)).startsWith("data: {\"event\":" + i);
        }
        all.writeBytes(packing.end());
        assertThat(packing.end()).isEmpty();
        try (InputStream in = coding.unpacked(new ByteArrayInputStream(all.toByteArray()))) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).endsWith("{\"event\":49}\n\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeaseThatWasReleasedTakesNothingMore(final ContentCoding coding) throws IOException {
        final HttpHeaders headers = new DefaultHttpHeaders().add("content-encoding", coding.token());
        final BodyLease lease = new BodyLease(budget);
        final byte[] packed = pack(coding, new byte[100]);
        lease.release();
        assertThat(refusal(new RequestBody(packed, headers, BYTES_MAX, lease))).isEqualTo(ErrorCode.OVERLOADED);
        assertThat(budget.reservedBytes()).isZero();
    }
}
