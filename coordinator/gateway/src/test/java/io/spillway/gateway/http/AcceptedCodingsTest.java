package io.spillway.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceptedCodingsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        gzip, deflate, br, zstd     | zstd
        gzip, deflate               | gzip
        br;q=0.9, gzip;q=0.9        | br
        zstd;q=0.1, gzip;q=0.8      | gzip
        gzip;q=0                    |
        gzip;q=0, *                 | zstd
        *                           | zstd
        *;q=0, br                   | br
        identity                    |
        x-gzip                      | gzip
        GZIP ; Q=0.5                | gzip
        gzip;q=nonsense             |
        gzip;q=2                    |
        ,,;;,                       |
        compress, unknown           |
        """)
    void theClientsBestAndOfEqualsOurs(final String header, final String expected) {
        assertThat(AcceptedCodings.best(header).map(ContentCoding::token).orElse(null)).isEqualTo(expected);
    }
}
