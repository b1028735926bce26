package io.spillway.local.quantize;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What became of the tensors. Filled by the thread that quantises. */
public final class QuantizeReport {
    private final List<Change> changes = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    /**
     * One tensor.
     *
     * @param from  its type before
     * @param to    its type after; the same when it was left alone
     * @param note  why it did not become what was asked for; empty when it did, or when nobody would expect it to
     */
    public record Change(String name, String from, String to, long beforeBytes, long afterBytes, String note) { }

    void add(final Change change) {
        changes.add(change);
    }

    /** @param remark something to know of the model as a whole */
    void note(final String remark) {
        remarks.add(remark);
    }

    /** @return every tensor, in file order */
    public List<Change> changes() {
        return List.copyOf(changes);
    }

    /** @return bytes of all tensors before */
    public long beforeBytes() {
        return changes.stream().mapToLong(Change::beforeBytes).sum();
    }

    /** @return bytes of all tensors after */
    public long afterBytes() {
        return changes.stream().mapToLong(Change::afterBytes).sum();
    }

    /** @return how many tensors ended as which type */
    public Map<String, Integer> counts() {
        final Map<String, Integer> counts = new TreeMap<>();
        changes.forEach(change -> counts.merge(change.to(), 1, Integer::sum));
        return counts;
    }

    /** @return one line per kind of exception, for instance {@code 12 tensors Q8_0: rows are no multiple of 256}, then what concerns the whole model */
    public List<String> notes() {
        final Map<String, Integer> notes = new TreeMap<>();
        changes.stream().filter(change -> !change.note().isEmpty())
            .forEach(change -> notes.merge(change.to() + ": " + change.note(), 1, Integer::sum));
        final List<String> lines = new ArrayList<>();
        notes.forEach((note, count) -> lines.add(count + (count == 1 ? " tensor " : " tensors ") + note));
        lines.addAll(remarks);
        return List.copyOf(lines);
    }
}
