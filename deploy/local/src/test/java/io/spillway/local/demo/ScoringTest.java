package io.spillway.local.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoringTest {
    private static final JsonMapper JSON = new JsonMapper();

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"a\": 1}           ; {\"a\": 1.0}          ; true",
        "{\"a\": 64.990}      ; {\"a\": 64.99}        ; true",
        "{\"a\": 1, \"b\": 2} ; {\"b\": 2, \"a\": 1}  ; true",
        "{\"a\": [1, 2]}      ; {\"a\": [2, 1]}       ; false",
        "{\"a\": \"1\"}       ; {\"a\": 1}            ; false",
        "{\"a\": 1}           ; {\"a\": 1, \"b\": 2}  ; false",
        "{\"a\": true}        ; {\"a\": 1}            ; false",
        "{\"a\": null}        ; {}                    ; false",
        "{\"a\": \"ORD-1\"}   ; {\"a\": \"ord-1\"}    ; false",
    })
    void jsonIsEqualByValue(final String a, final String b, final boolean equal) throws Exception {
        assertThat(JsonEquality.equal(JSON.readTree(a), JSON.readTree(b))).isEqualTo(equal);
        assertThat(JsonEquality.equal(JSON.readTree(b), JSON.readTree(a))).isEqualTo(equal);
    }

    @Test
    void callsMustComeInOrderAndNoneMore() throws Exception {
        final Episode.Call one = call("f", "{\"x\": 1}");
        final Episode.Call two = call("g", "{}");
        final Episode.Turn turn = new Episode.Turn("U", List.of(one, two), List.of(), null);
        assertThat(Scoring.failure(turn, List.of(one, two), "")).isEmpty();
        assertThat(Scoring.failure(turn, List.of(two, one), "")).isPresent();
        assertThat(Scoring.failure(turn, List.of(one), "")).isPresent();
        assertThat(Scoring.failure(turn, List.of(one, two, two), "")).isPresent();
    }

    @Test
    void everyFragmentMustBeInTheAnswerInAnyCase() {
        final Episode.Turn turn = new Episode.Turn("U", List.of(), List.of("T-9416", "GoodBye"), null);
        assertThat(Scoring.failure(turn, List.of(), "ticket t-9416, goodbye")).isEmpty();
        assertThat(Scoring.failure(turn, List.of(), "ticket T-9416")).isEqualTo(Optional.of("answer 'ticket T-9416' lacks 'GoodBye'"));
    }

    @Test
    void anAnswerThatMustBeJsonMustBeNothingElse() throws Exception {
        final Episode.Turn turn = new Episode.Turn("U", List.of(), List.of(), JSON.readTree("{\"intent\": \"refund\", \"n\": 1}"));
        assertThat(Scoring.failure(turn, List.of(), "{\"n\": 1.0, \"intent\": \"refund\"}")).isEmpty();
        assertThat(Scoring.failure(turn, List.of(), "{\"n\": 1, \"intent\": \"refund\"} ok")).isPresent();
        assertThat(Scoring.failure(turn, List.of(), "refund")).isPresent();
        assertThat(Scoring.failure(turn, List.of(), "")).isPresent();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{                                                          ; line 2 is not an episode",
        "{\"id\": \"x\"}                                            ; it needs id, system and turns",
        "{\"id\":\"x\",\"category\":\"c\",\"system\":\"\",\"tools\":true,\"turns\":[{\"user\":\"u\"}]} ; calls",
    })
    void aDamagedEpisodeIsNamedByItsLine(final String line, final String problem, @TempDir final Path folder) throws Exception {
        final Path file = Files.writeString(folder.resolve("e.jsonl"), "\n" + line + "\n");
        Assertions.assertThatThrownBy(() -> EpisodeFile.read(file)).hasMessageContaining("line 2").hasMessageContaining(problem);
    }

    private static Episode.Call call(final String name, final String arguments) throws Exception {
        final JsonNode node = JSON.readTree(arguments);
        return new Episode.Call(name, node);
    }
}
