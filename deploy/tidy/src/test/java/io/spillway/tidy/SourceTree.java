package io.spillway.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** The source files under a folder, and the rules over them. Rules return what breaks them, one line each. */
record SourceTree(Path root) {
    static final int FILE_LINES_MAX = 600;
    static final int METHOD_LINES_MAX = 70;
    /** Unrolled arithmetic is read as one piece. */
    private static final Pattern KERNEL = Pattern.compile(".*(Kernel|Kernels|Ops|Tiles)\\.java");
    private static final Set<String> SKIPPED = Set.of("target", ".git", ".spillway", ".idea", ".mvn", "node_modules");
    private static final Pattern LEFT_OVER = Pattern.compile("\\b(" + "TO" + "DO|FIX" + "ME|X{3})\\b");
    private static final Pattern EMPTY_CATCH = Pattern.compile("catch \\([^)]*\\)\\s*\\{\\s*}");

    static SourceTree ofRepository() {
        return new SourceTree(Path.of(System.getProperty("spillway.root")));
    }

    boolean hasSources(final String module) {
        return files(".java").stream().map(file -> root.relativize(file).toString())
            .anyMatch(file -> file.startsWith(module + "/src/main/") && !file.endsWith("package-info.java"));
    }

    /** @return all files with that ending, without build outputs */
    List<Path> files(final String ending) {
        final List<Path> found = new ArrayList<>();
        collect(root, ending, found);
        return found;
    }

    private static void collect(final Path folder, final String ending, final List<Path> found) {
        try (Stream<Path> entries = Files.list(folder)) {
            for (final Path entry : entries.sorted().toList()) {
                if (Files.isDirectory(entry)) {
                    if (!SKIPPED.contains(entry.getFileName().toString())) {
                        collect(entry, ending, found);
                    }
                } else if (entry.toString().endsWith(ending)) {
                    found.add(entry);
                }
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Path> mainFiles() {
        return files(".java").stream().filter(file -> file.toString().contains("/src/main/java/")).toList();
    }

    List<String> longFiles() {
        return files(".java").stream().filter(file -> lines(file).size() > FILE_LINES_MAX)
            .map(file -> shown(file) + " has " + lines(file).size() + " lines").toList();
    }

    List<String> leftOvers() {
        return Stream.of(".java", ".sh", ".proto", ".md", "pom.xml", "spillway").flatMap(ending -> files(ending).stream())
            .flatMap(file -> lines(file).stream().filter(line -> LEFT_OVER.matcher(line).find()).map(line -> shown(file) + ": " + line.strip()))
            .toList();
    }

    List<String> emptyCatches() {
        return files(".java").stream().filter(file -> EMPTY_CATCH.matcher(String.join("\n", lines(file))).find()).map(this::shown).toList();
    }

    /** @return cores that lock: they have one writer per structure instead */
    List<String> locksIn(final List<String> modules) {
        return mainFiles().stream().filter(file -> modules.stream().anyMatch(module -> shown(file).startsWith(module + "/")))
            .filter(file -> lines(file).stream().anyMatch(line -> line.matches("\\s*(?!\\*|//).*\\bsynchronized\\b.*[({].*")))
            .map(this::shown).toList();
    }

    List<String> packagesWithoutInfo() {
        return mainFiles().stream().map(Path::getParent).distinct().filter(folder -> !Files.exists(folder.resolve("package-info.java")))
            .map(this::shown).toList();
    }

    /** @return methods over the limit, and public types that nothing says anything about */
    List<String> longMethodsAndSilentTypes() {
        final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        final List<String> broken = new ArrayList<>();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            final JavacTask task = (JavacTask) compiler.getTask(null, manager, diagnostic -> { }, List.of("-proc:none"), null,
                manager.getJavaFileObjectsFromPaths(mainFiles()));
            final Trees trees = Trees.instance(task);
            for (final CompilationUnitTree unit : task.parse()) {
                new UnitRules(trees, unit, shown(Path.of(unit.getSourceFile().toUri())), broken).scan(unit, null);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return broken;
    }

    private String shown(final Path file) {
        return root.relativize(file).toString();
    }

    private static List<String> lines(final Path file) {
        try {
            return Files.readAllLines(file);
        } catch (final IOException e) {
            throw new UncheckedIOException("not readable as UTF-8: " + file, e);
        }
    }

    private static final class UnitRules extends TreePathScanner<Void, Void> {
        private final Trees trees;
        private final CompilationUnitTree unit;
        private final String file;
        private final List<String> broken;

        private UnitRules(final Trees trees, final CompilationUnitTree unit, final String file, final List<String> broken) {
            this.trees = trees;
            this.unit = unit;
            this.file = file;
            this.broken = broken;
        }

        @Override
        public Void visitClass(final ClassTree type, final Void nothing) {
            final boolean top = getCurrentPath().getParentPath().getLeaf() == unit;
            if (top && type.getModifiers().getFlags().contains(Modifier.PUBLIC) && trees.getDocComment(getCurrentPath()) == null) {
                broken.add(file + ": public type " + type.getSimpleName() + " has no Javadoc");
            }
            return super.visitClass(type, nothing);
        }

        @Override
        public Void visitMethod(final MethodTree method, final Void nothing) {
            final long from = trees.getSourcePositions().getStartPosition(unit, method);
            final long to = trees.getSourcePositions().getEndPosition(unit, method);
            if (from >= 0 && to >= 0) {
                final long lines = unit.getLineMap().getLineNumber(to) - unit.getLineMap().getLineNumber(from) + 1;
                if (lines > METHOD_LINES_MAX && !KERNEL.matcher(file).matches()) {
                    broken.add(file + ": method " + method.getName() + " has " + lines + " lines");
                }
            }
            return super.visitMethod(method, nothing);
        }
    }
}
