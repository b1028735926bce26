package io.spillway.local.quantize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * SentencePiece's order of merging, from pairs with ranks to pieces with scores: the piece that is made first has the greatest.
 *
 * @param scores one per id
 * @param exact  whether merging by these is merging by those ranks: all pairs of a piece are neighbours, and no pair is missing
 */
record PieceScores(float[] scores, boolean exact) {
    /** Of pieces that no merge makes: single characters, bytes, added tokens. Below every other, since each rank takes one away. */
    private static final float UNMADE = -1e9f;
    /** Floats count by ones up to here. */
    private static final int EXACT_MAX = 1 << 24;

    /**
     * @param pieces one text per id; null for what is no piece
     * @param merges pairs, the first to be merged first
     */
    static PieceScores of(final String[] pieces, final List<String[]> merges) {
        final float[] scores = new float[pieces.length];
        Arrays.fill(scores, UNMADE);
        final Map<String, Integer> ids = HashMap.newHashMap(pieces.length);
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null) {
                ids.put(pieces[id], id);
            }
        }
        boolean exact = merges.size() == splits(ids) && merges.size() < EXACT_MAX;
        int rank = 0;
        String last = "";
        for (final String[] merge : merges) {
            final String piece = merge[0] + merge[1];
            final Integer id = ids.get(piece);
            if (!piece.equals(last)) {
                rank++;
                exact &= id != null && scores[id] == UNMADE;
            }
            if (id != null && scores[id] == UNMADE) {
                scores[id] = -rank;
            }
            last = piece;
        }
        return new PieceScores(scores, exact);
    }

    /** @return in how many ways pieces are made of two pieces */
    private static long splits(final Map<String, Integer> ids) {
        return ids.keySet().stream().mapToLong(piece -> {
            long ways = 0;
            for (int cut = piece.offsetByCodePoints(0, 1); cut < piece.length(); cut = piece.offsetByCodePoints(cut, 1)) {
                ways += ids.containsKey(piece.substring(0, cut)) && ids.containsKey(piece.substring(cut)) ? 1 : 0;
            }
            return ways;
        }).sum();
    }
}
