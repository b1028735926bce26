package io.spillway.node.engine;

/** Blocks that have arrived in host memory and are being brought to the device. Engine thread. */
final class Landing {
    private final StoreAnswer.Arrived answer;
    private final int blocks;
    private boolean isTold;

    /** @param blocks leading ones that are valid */
    Landing(final StoreAnswer.Arrived answer, final int blocks) {
        this.answer = answer;
        this.blocks = blocks;
    }

    StoreAnswer.Arrived answer() {
        return answer;
    }

    int blocks() {
        return blocks;
    }

    void told() {
        isTold = true;
    }

    /** @return whether those who wait for the blocks have gone on */
    boolean isTold() {
        return isTold;
    }
}
