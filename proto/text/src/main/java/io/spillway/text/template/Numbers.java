package io.spillway.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Arithmetic as Python's, with whole numbers of 64 bits; a larger result is a fault. Pure. */
final class Numbers {
    private Numbers() {
    }

    static int compare(final Object left, final Object right) {
        if (left instanceof Double || right instanceof Double) {
            final double a = real(left);
            final double b = real(right);
            return Double.isNaN(a) || Double.isNaN(b) ? 1 : a < b ? -1 : a > b ? 1 : 0;
        }
        return new BigDecimal(whole(left)).compareTo(new BigDecimal(whole(right)));
    }

    static double real(final Object value) {
        return switch (value) {
            case Double real -> real;
            case Boolean flag -> flag ? 1 : 0;
            case Number number -> number.doubleValue();
            default -> throw new TemplateFault("expected a number, got " + Values.typeName(value));
        };
    }

    private static BigInteger whole(final Object value) {
        return switch (value) {
            case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
            case Long number -> BigInteger.valueOf(number);
            case BigInteger number -> number;
            default -> throw new TemplateFault("expected a whole number, got " + Values.typeName(value));
        };
    }

    /** @return the whole number that a value is, for counts and places */
    static long integer(final Object value) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case null, default -> throw new TemplateFault("expected a whole number, got " + Values.typeName(value));
        };
    }

    static Object negate(final Object value) {
        return value instanceof Double real ? (Object) (-real) : exact(whole(value).negate());
    }

    static Object apply(final String operator, final Object left, final Object right) {
        if (operator.equals("/") || left instanceof Double || right instanceof Double) {
            return real(operator, real(left), real(right));
        }
        final BigInteger a = whole(left);
        final BigInteger b = whole(right);
        return switch (operator) {
            case "+" -> exact(a.add(b));
            case "-" -> exact(a.subtract(b));
            case "*" -> exact(a.multiply(b));
            case "//" -> exact(floor(a, b)[0]);
            case "%" -> exact(floor(a, b)[1]);
            case "**" -> power(a, b);
            default -> throw new TemplateFault("unknown operator '" + operator + "'");
        };
    }

    private static Object real(final String operator, final double a, final double b) {
        if (b == 0 && "/%//".contains(operator)) {
            throw new TemplateFault("division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor((a - remainder(a, b)) / b + 0.5);
            case "%" -> remainder(a, b);
            case "**" -> Math.pow(a, b);
            default -> throw new TemplateFault("unknown operator '" + operator + "'");
        };
    }

    /** Of the divisor's sign, also when it is zero. */
    private static double remainder(final double a, final double b) {
        final double rest = a % b;
        return rest == 0 ? Math.copySign(0.0, b) : rest < 0 == b < 0 ? rest : rest + b;
    }

    private static BigInteger[] floor(final BigInteger a, final BigInteger b) {
        if (b.signum() == 0) {
            throw new TemplateFault("division by zero");
        }
        final BigInteger[] parts = a.divideAndRemainder(b);
        if (parts[1].signum() != 0 && parts[1].signum() != b.signum()) {
            return new BigInteger[] {parts[0].subtract(BigInteger.ONE), parts[1].add(b)};
        }
        return parts;
    }

    private static Object power(final BigInteger a, final BigInteger b) {
        if (b.signum() < 0) {
            return Math.pow(a.doubleValue(), b.doubleValue());
        }
        if (b.bitLength() > 6 && a.bitLength() > 1) {
            throw new TemplateFault("a whole number is too large");
        }
        return exact(a.pow(b.bitLength() > 6 ? b.intValue() & 1 : b.intValue()));
    }

    private static Object exact(final BigInteger value) {
        if (value.bitLength() >= Long.SIZE) {
            throw new TemplateFault("a whole number is too large");
        }
        return value.longValue();
    }
}
