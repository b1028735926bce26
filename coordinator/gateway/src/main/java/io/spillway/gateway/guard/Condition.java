package io.spillway.gateway.guard;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A comparison that a contract makes: {@code field operator operand}, for instance {@code amount <= $limit}.
 *
 * <p>A field is a key of the earlier call's result, or {@code arguments.NAME} of the call in question. An operand is a number,
 * {@code true}, {@code false}, {@code null}, a text in single quotes, another field, or {@code $NAME}, a variable of the policy.
 * What cannot be found decides nothing: the condition then holds.
 */
record Condition(String field, String operator, String operand) {
    private static final Pattern SHAPE = Pattern.compile("\\s*([A-Za-z_][\\w.]*)\\s*(==|!=|<=|>=|<|>)\\s*(\\S.*?)\\s*");
    private static final String ARGUMENTS = "arguments.";
    private static final List<String> WORDS = List.of("true", "false", "null");

    /** What a condition is held against. */
    record Facts(Map<String, Object> result, Map<String, Object> arguments, Map<String, String> variables) {
    }

    /** @throws IllegalArgumentException saying what a condition looks like */
    static Condition parse(final String text) {
        final Matcher matcher = SHAPE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no condition; write for instance: amount <= $limit");
        }
        return new Condition(matcher.group(1), matcher.group(2), matcher.group(3));
    }

    /**
     * The one value of an argument with which an equality holds.
     *
     * @param argument its name
     */
    record Decided(String argument, String value) {
    }

    /** @return what an equality between an argument and something known decides; empty for any other condition */
    Optional<Decided> decided(final Facts facts) {
        if (!operator.equals("==")) {
            return Optional.empty();
        }
        return field.startsWith(ARGUMENTS)
            ? operand.startsWith(ARGUMENTS) ? Optional.empty() : operand(facts).map(known -> decided(field, known))
            : operand.startsWith(ARGUMENTS) ? field(field, facts).map(known -> decided(operand, known)) : Optional.empty();
    }

    private static Decided decided(final String argument, final Object known) {
        return new Decided(argument.substring(ARGUMENTS.length()), known.toString());
    }

    boolean holds(final Facts facts) {
        final Optional<Object> left = field(field, facts);
        final Optional<Object> right = operand(facts);
        if (left.isEmpty() || right.isEmpty()) {
            return true;
        }
        final Optional<BigDecimal> a = number(left.get());
        final Optional<BigDecimal> b = number(right.get());
        if (a.isPresent() && b.isPresent()) {
            return decide(a.get().compareTo(b.get()));
        }
        final boolean equal = Objects.equals(left.get().toString(), right.get().toString());
        return switch (operator) {
            case "==" -> equal;
            case "!=" -> !equal;
            default -> true; // no order between texts
        };
    }

    private boolean decide(final int order) {
        return switch (operator) {
            case "==" -> order == 0;
            case "!=" -> order != 0;
            case "<=" -> order <= 0;
            case ">=" -> order >= 0;
            case "<" -> order < 0;
            default -> order > 0;
        };
    }

    private Optional<Object> operand(final Facts facts) {
        if (operand.startsWith("$")) {
            return Optional.ofNullable(facts.variables().get(operand.substring(1)));
        }
        if (operand.length() > 1 && operand.startsWith("'") && operand.endsWith("'")) {
            return Optional.of(operand.substring(1, operand.length() - 1));
        }
        if (WORDS.contains(operand) || number(operand).isPresent()) {
            return Optional.of(operand);
        }
        return field(operand, facts);
    }

    private static Optional<Object> field(final String name, final Facts facts) {
        final Map<String, Object> from = name.startsWith(ARGUMENTS) ? facts.arguments() : facts.result();
        final String key = name.startsWith(ARGUMENTS) ? name.substring(ARGUMENTS.length()) : name;
        return from.containsKey(key) ? Optional.of(Optional.ofNullable(from.get(key)).orElse("null")) : Optional.empty();
    }

    private static Optional<BigDecimal> number(final Object value) {
        try {
            return Optional.of(new BigDecimal(value.toString()));
        } catch (final NumberFormatException e) {
            return Optional.empty(); // a text
        }
    }
}
