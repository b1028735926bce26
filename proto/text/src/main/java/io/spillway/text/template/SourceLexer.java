package io.spillway.text.template;

import io.spillway.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into text and tags and applies whitespace control: {@code -} and {@code +} marks, trim_blocks (the first newline after
 * a block or comment goes) and lstrip_blocks (indentation before a block or comment goes). The inside of tags is {@link TagLexer}'s.
 */
final class SourceLexer {
    private static final Pattern RAW =
        Pattern.compile("\\{%([-+]?)\\s*raw\\s*(-%\\}\\s*|%\\})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_RAW =
        Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(\\+%\\}|-%\\}\\s*|%\\}\\n?)", Pattern.UNICODE_CHARACTER_CLASS);

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final TagLexer tags;
    private int position;
    private int line = 1;
    private boolean lineStarting = true;

    SourceLexer(final String text) {
        final String unix = text.replace("\r\n", "\n").replace('\r', '\n');
        this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
        this.tags = new TagLexer(source, tokens);
    }

    /** @throws TemplateFault with the line, when a tag does not end or holds what is no token */
    List<Token> tokens() {
        while (position < source.length()) {
            final int open = nextTag();
            if (open < 0) {
                data(source.substring(position));
                position = source.length();
            } else {
                tag(open);
            }
        }
        tokens.add(new Token(Kind.END, "", line));
        return tokens;
    }

    private int nextTag() {
        for (int i = source.indexOf('{', position); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            final char next = source.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private void tag(final int open) {
        final char type = source.charAt(open + 1);
        final Matcher raw = RAW.matcher(source).region(open, source.length());
        final boolean isRaw = type == '%' && raw.lookingAt();
        final char mark = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
        data(stripBefore(source.substring(position, open), type, mark));
        count(position, open);
        if (isRaw) {
            raw(open, raw.end());
        } else if (type == '#') {
            comment(open);
        } else {
            final int begin = open + 2 + (mark == '-' || mark == '+' ? 1 : 0);
            final int inside = tags.read(begin, type, line);
            count(open, inside);
            final int end = afterEnd(inside, type);
            count(inside, end);
            moveTo(end);
        }
    }

    private String stripBefore(final String text, final char type, final char mark) {
        if (mark == '-') {
            return PythonText.rightStrip(text);
        }
        if (mark == '+' || type == '{') {
            return text;
        }
        final int lineStart = text.lastIndexOf('\n') + 1;
        final boolean blank = PythonText.strip(text.substring(lineStart)).isEmpty();
        return blank && (lineStart > 0 || lineStarting) ? text.substring(0, lineStart) : text;
    }

    /** @param close just before the end mark ({@code -%}}, {@code +%}}, {@code %}}, the same for {@code }}}) */
    private int afterEnd(final int close, final char type) {
        final char mark = source.charAt(close);
        int end = close + (mark == '-' || mark == '+' ? 3 : 2);
        if (mark == '-') {
            while (end < source.length() && PythonText.isSpace(source.charAt(end))) {
                end++;
            }
        } else if (mark != '+' && type != '{' && end < source.length() && source.charAt(end) == '\n') {
            end++;
        }
        return end;
    }

    private void comment(final int open) {
        final int close = source.indexOf("#}", open + 2);
        if (close < 0) {
            throw new TemplateFault("a comment does not end", line);
        }
        final char before = source.charAt(close - 1);
        final boolean marked = close > open + 2 && (before == '-' || before == '+');
        final int end = afterEnd(marked ? close - 1 : close, '#');
        count(open, end);
        moveTo(end);
    }

    private void raw(final int open, final int begin) {
        final Matcher endRaw = END_RAW.matcher(source);
        if (!endRaw.find(begin)) {
            throw new TemplateFault("a raw block does not end", line);
        }
        final String mark = endRaw.group(1);
        position = begin;
        lineStarting = false;
        data(stripBefore(source.substring(begin, endRaw.start()), '%', mark.isEmpty() ? ' ' : mark.charAt(0)));
        count(open, endRaw.end());
        moveTo(endRaw.end());
    }

    private void moveTo(final int end) {
        lineStarting = source.charAt(end - 1) == '\n';
        position = end;
    }

    private void data(final String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Kind.DATA, text, line));
        }
    }

    private void count(final int from, final int to) {
        for (int i = from; i < to; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
    }
}
