package io.spillway.tidy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Links between the Markdown files of a tree. */
final class Links {
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern FENCE = Pattern.compile("(?ms)^```.*?^```");

    private Links() {
    }

    /** @return {@code file -> target} of every relative link whose file or heading does not exist */
    static List<String> broken(final SourceTree tree) {
        final List<String> broken = new ArrayList<>();
        for (final Path file : tree.files(".md")) {
            final Matcher link = LINK.matcher(withoutCode(file));
            while (link.find()) {
                final String target = link.group(1);
                if (!target.contains("://") && !target.startsWith("mailto:") && !leadsSomewhere(file, target)) {
                    broken.add(tree.root().relativize(file) + " -> " + target);
                }
            }
        }
        return broken;
    }

    private static boolean leadsSomewhere(final Path file, final String target) {
        final int hash = target.indexOf('#');
        final String path = hash < 0 ? target : target.substring(0, hash);
        final Path at = path.isEmpty() ? file : file.resolveSibling(path);
        if (!Files.exists(at)) {
            return false;
        }
        return hash < 0 || withoutCode(at).lines().filter(line -> line.startsWith("#"))
            .anyMatch(line -> anchor(line).equals(target.substring(hash + 1)));
    }

    private static String anchor(final String heading) {
        return heading.replaceFirst("^#+\\s*", "").toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").strip().replace(' ', '-');
    }

    private static String withoutCode(final Path file) {
        try {
            return FENCE.matcher(Files.readString(file)).replaceAll("");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
