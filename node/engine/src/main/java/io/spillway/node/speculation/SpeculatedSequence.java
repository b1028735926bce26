package io.spillway.node.speculation;

import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.node.runner.StepSequence;
import java.util.List;

/** A decoding sequence, as those see it who guess how it goes on. Read by the engine thread during one step. */
public interface SpeculatedSequence extends StepSequence {
    /** @return whose it is: what one tenant wrote is never proposed to another */
    TenantId tenant();

    /** @return tokens of the prompt; the known tokens behind them are output */
    int promptTokens();

    /** @return what the caller believes that the output will say; often empty. Nobody writes to it */
    int[] predictedTokens();

    /** @return whether {@code token} would end the output */
    boolean stopsAt(int token);

    /** @return whether it is on the device and has not ended */
    boolean onDevice();

    /** @return identity of every full block of {@code blockTokens} of its known tokens, in order */
    List<BlockHash> blockChain(int blockTokens);

    /** @return hash before the first block */
    BlockHash chainRoot();
}
