package io.spillway.config;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The reference page of config records, made from the records themselves. */
public final class ConfigReference {
    private ConfigReference() {
    }

    /** @return one Markdown section per root record: a table of every key with its type, default and meaning */
    @SafeVarargs
    public static String markdown(final Class<? extends Record>... roots) {
        final StringBuilder page = new StringBuilder();
        for (final Class<? extends Record> root : roots) {
            page.append("## ").append(root.getSimpleName()).append("\n\n");
            docOf(root).ifPresent(doc -> page.append(doc).append("\n\n"));
            page.append("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
            addRows(page, root, "");
            page.append('\n');
        }
        return page.toString();
    }

    private static void addRows(final StringBuilder page, final Class<?> type, final String path) {
        for (final RecordComponent component : type.getRecordComponents()) {
            addRow(page, component, component.getGenericType(), Binder.join(path, Keys.kebab(component.getName())));
        }
    }

    private static void addRow(final StringBuilder page, final RecordComponent component, final Type type, final String path) {
        final Class<?> raw = Binder.rawType(type);
        if (raw == Optional.class) {
            addRow(page, component, Binder.argument(type, 0), path);
            return;
        }
        if (raw == List.class) {
            addRow(page, component, Binder.argument(type, 0), path + "[]");
            return;
        }
        if (raw == Map.class) {
            addRow(page, component, Binder.argument(type, 1), path + ".NAME");
            return;
        }
        final Optional<ScalarType> scalar = ScalarType.of(raw, component.getName());
        if (scalar.isEmpty()) {
            addRows(page, raw, path);
            return;
        }
        page.append("| `").append(path).append("` | ").append(scalar.get().label()).append(" | ").append(defaultOf(component))
            .append(" | ").append(cell(Optional.ofNullable(component.getAnnotation(Doc.class)).map(Doc::value).orElse("")))
            .append(" |\n");
    }

    private static String defaultOf(final RecordComponent component) {
        final Default fallback = component.getAnnotation(Default.class);
        if (fallback != null) {
            return fallback.value().isEmpty() ? "none" : "`" + cell(fallback.value()) + "`";
        }
        return List.of(Optional.class, List.class, Map.class).contains(component.getType()) ? "none" : "**required**";
    }

    private static Optional<String> docOf(final Class<?> type) {
        return Optional.ofNullable(type.getAnnotation(Doc.class)).map(Doc::value);
    }

    private static String cell(final String text) {
        return text.replace("|", "\\|").replace("\n", " ");
    }
}
