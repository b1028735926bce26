package io.spillway.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
    private static void assertFails(final String source, final String message) {
        assertThatThrownBy(() -> Golden.compile(source).render(Map.of("n", 7, "l", List.of(1)))).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.TEMPLATE_FAILED);
            assertThat(e.getMessage()).contains(message);
        });
    }

    @Test
    void errorsNameTheLine() {
        assertFails("a\n{% nope %}", "line 2: unknown tag 'nope'");
        assertFails("\n\n{{ n|nope }}", "line 3: unknown filter 'nope'");
        assertFails("{% if n is nope %}\n{% endif %}", "line 1: unknown test 'nope'");
        assertFails("a\n{{ n.x.y }}", "line 2: 'x' is undefined");
        assertFails("\n{% if n %}\n{{ raise_exception('no ' ~ n) }}{% endif %}", "line 3: refused the conversation: no 7");
        assertFails("{# c\n #}\n{{ 'a\nb' + 1 }}", "line 4");
        assertFails("{{ 'x'.center(3) }}", "method 'center' of str is not supported");
        assertFails("{{ l.pop() }}", "method 'pop' of list is not supported");
        assertFails("{{ l.append(2) }}", "handed to the template cannot be changed");
        assertFails("{{ n|upper(1) }}", "takes at most 0 arguments");
        assertFails("{{ n|trim(nope=1) }}", "has no argument 'nope'");
        assertFails("{% macro m() %}{{ kwargs }}{% endmacro %}{{ m() }}", "'kwargs' is not supported");
    }

    @Test
    void aTemplateMayGrowItsOwnLists() {
        assertThat(Golden.compile("{% set x = [] %}{% for i in l %}{% set _ = x.append(i + 1) %}{% endfor %}{{ x }}").render(Map.of("l", List.of(1, 2))))
            .isEqualTo("[2, 3]");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[0]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(90) }}",
        "{{ 'x' * 9999999999 }}",
        "{{ [0] * 9999999999 }}",
        "{{ 'x'.ljust(9999999999) }}",
        "{{ 'x'|indent(9999999999) }}",
        "{{ range(9999999999)|list }}",
        "{{ 9 ** 999999 }}",
        "{% for i in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
        "{% set l = [1] %}{% for i in l %}{% set _ = l.extend(l) %}{% endfor %}{% for i in range(99) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{% set x = [] %}{% set _ = x.append(x) %}{{ x }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000) }}",
        "{{ (['a'] * 100000)|join('b' * 100000) }}",
        "{{ ([0] * 100000)|map('string')|unique|list }}{% for i in range(9999) %}{{ range(9999)|unique|list|length }}{% endfor %}",
    })
    void hostileTemplatesEndSoon(final String source) {
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(10), () -> assertFails(source, "chat template, line 1: "));
    }

    @Test
    void deepNestingIsRefused() {
        assertFails("{{ " + "(".repeat(10_000) + "1" + ")".repeat(10_000) + " }}", "nests deeper");
        assertFails("{{ " + "1" + "+1".repeat(100_000) + " }}", "nests deeper");
        assertFails("{{ " + "-".repeat(100_000) + "1 }}", "nests deeper");
        assertFails("{{ " + "not ".repeat(100_000) + "1 }}", "nests deeper");
        assertFails("{% if n %}".repeat(10_000), "nests deeper");
        assertFails("{{ n" + "|string".repeat(10_000) + " }}", "nests deeper");
        assertFails("{{ n" + ".x".repeat(10_000) + " }}", "nests deeper");
    }

    @Test
    void renderingIsIndependentAndShared() {
        final Template template = Golden.compile("{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        final List<String> all = java.util.stream.IntStream.range(0, 200).parallel().mapToObj(i -> template.render(Map.of("l", List.of(i, i)))).toList();
        for (int i = 0; i < all.size(); i++) {
            assertThat(all.get(i)).isEqualTo(Integer.toString(2 * i));
        }
    }
}
