package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.speculation.DraftModel;
import io.spillway.node.speculation.DraftProposer;
import io.spillway.node.speculation.Proposals;
import io.spillway.node.speculation.Proposer;
import io.spillway.node.speculation.SpeculatedSequence;
import io.spillway.node.speculation.Speculation;
import io.spillway.node.speculation.SuffixProposer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Ways of guessing for tests: sound ones, one that knows the answer, one that means harm. */
final class Guesses {
    private final List<Proposer> proposers = new ArrayList<>();
    private final List<Book> books = new ArrayList<>();
    private final List<Rig.Recorder> known = new ArrayList<>();
    private final Random random;
    private final int tokensMax;
    private final boolean isAdaptive;

    private Guesses(final Random random, final int tokensMax, final boolean isAdaptive) {
        this.random = random;
        this.tokensMax = tokensMax;
        this.isAdaptive = isAdaptive;
    }

    static Guesses random(final Random random, final EngineConfig config) {
        final Guesses guesses = new Guesses(random, 1 + random.nextInt(12), random.nextBoolean());
        final int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            guesses.proposers.add(switch (random.nextInt(4)) {
                case 0 -> new SuffixProposer(random.nextBoolean());
                case 1 -> guesses.draft(config, 4 + random.nextInt(60));
                case 2 -> guesses.new Oracle(random.nextInt(6));
                default -> guesses.new Junk();
            });
        }
        return guesses;
    }

    /** The model itself as its own draft model. */
    static Guesses ofDraft(final EngineConfig config, final int tokensMax, final int blocks) {
        final Guesses guesses = new Guesses(new Random(1), tokensMax, false);
        guesses.proposers.add(guesses.draft(config, blocks));
        return guesses;
    }

    static Guesses ofOracle(final int tokensMax, final int wrongOneIn) {
        final Guesses guesses = new Guesses(new Random(1), tokensMax, false);
        guesses.proposers.add(guesses.new Oracle(wrongOneIn));
        return guesses;
    }

    private DraftProposer draft(final EngineConfig config, final int blocks) {
        final KvLayout layout = FakeModel.layout(config.blockTokens());
        final DraftModel draft = new DraftModel(new FakeModel(Rig.CONTEXT_TOKENS), layout,
            Arena.ofAuto().allocate(blocks * layout.blockBytes(), 64), blocks);
        final long[] now = {0};
        final DraftProposer proposer = new DraftProposer(
            draft, new DraftProposer.Limits(config.runningMax(), tokensMax), () -> now[0] += 1_000);
        return proposer;
    }

    Speculation speculation() {
        return new Speculation(tokensMax, isAdaptive, proposers);
    }

    /** Tells the oracle what a request's output will be. */
    void knows(final Rig.Recorder reference) {
        known.add(reference);
    }

    /** When nothing runs, nothing is open and no block of a draft model is held. */
    void checkIdle() {
        for (final Book book : books) {
            assertThat(book.open).isEmpty();
        }
        for (final Proposer proposer : proposers) {
            if (proposer instanceof DraftProposer draft) {
                draft.checkIdle();
            }
        }
    }

    /** Checks that slots are opened and closed in turn. */
    private abstract static class Book implements Proposer {
        final Set<Integer> open = new HashSet<>();

        @Override
        public double priorRate(final int grade) {
            return grade / (double) GRADES;
        }

        @Override
        public boolean offers(final int slot) {
            return true;
        }

        @Override
        public void open(final int slot, final SpeculatedSequence sequence) {
            assertThat(open.add(slot)).isTrue();
        }

        @Override
        public void close(final int slot) {
            assertThat(open.remove(slot)).isTrue();
        }
    }

    /** Proposes what will come, wrong now and then. */
    private final class Oracle extends Book {
        private final int wrongOneIn;

        private Oracle(final int wrongOneIn) {
            this.wrongOneIn = wrongOneIn;
            books.add(this);
        }

        @Override
        public String name() {
            return "oracle";
        }

        @Override
        public void propose(final Proposals proposals) {
            for (int entry = 0; entry < proposals.count(); entry++) {
                for (final Rig.Recorder reference : known) {
                    if (proposals.isOpenTo(entry) && fits(reference, proposals.sequence(entry))) {
                        final int from = proposals.length(entry) - reference.request.promptTokens().length;
                        for (int i = from; i < reference.output.size(); i++) {
                            final boolean isWrong = wrongOneIn > 0 && random.nextInt(wrongOneIn) == 0;
                            if (!proposals.add(entry, isWrong ? wrong() : reference.output.get(i), isWrong ? 1 : 9)) {
                                break;
                            }
                        }
                    }
                }
            }
        }

        private int wrong() {
            final int token = random.nextInt(24);
            return token == FakeModel.TOKEN_THAT_THROWS ? 0 : token;
        }

        private boolean fits(final Rig.Recorder reference, final SpeculatedSequence sequence) {
            final int[] prompt = reference.request.promptTokens();
            return sequence.sampling() == reference.request.sampling() && sequence.promptTokens() == prompt.length
                && Arrays.equals(prompt, Arrays.stream(prompt, 0, prompt.length).toArray())
                && sequence.token(prompt.length - 1) == prompt[prompt.length - 1];
        }
    }

    /** Proposes anything, of any length, for anybody, and claims to be sure. Only tokens that break the model itself are left out. */
    private final class Junk extends Book {
        private Junk() {
            books.add(this);
        }

        @Override
        public String name() {
            return "junk";
        }

        @Override
        public boolean offers(final int slot) {
            return random.nextInt(4) > 0;
        }

        @Override
        public void propose(final Proposals proposals) {
            for (int i = 0; i < 40; i++) {
                final int token = random.nextInt(30) - 3;
                if (token != FakeModel.TOKEN_THAT_THROWS) {
                    proposals.add(random.nextInt(proposals.count()), token, random.nextInt(100) - 20);
                }
            }
        }
    }
}
