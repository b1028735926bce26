package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.util.EnumMap;
import java.util.Map;

/**
 * Multiplications of a block of keys or values with some queries, straight from stored numbers of one element. Columns (tokens
 * of keys, dimensions of values) are a multiple of two vectors. The sums are those of {@link RegisterTiles} over expanded
 * numbers, bit for bit.
 */
interface BlockKernels {
    /**
     * {@code y[q][t] = Σ_d x[q][d] · key[d][t]}.
     *
     * @param t {@code weights} at the first key; {@code depthStrideBytes} from one dimension to the next (I4: to the next pair)
     */
    void scores(Tile t, int queries, int columns);

    /**
     * {@code y[q][d] += Σ_t x[q][t] · value[t][d]}.
     *
     * @param t {@code weights} at the first value; of I4, {@code panelColumns} is half of the dimensions
     */
    void values(Tile t, int queries, int columns);

    /** @return the kernels of an element; stateless, any thread */
    static BlockKernels of(final KvElement element) {
        return Copies.OF.get(element);
    }

    /**
     * One copy of {@link ElementBlockKernels} per element. The compiler keeps vectors in registers only where the element is a
     * constant of the code, and where no other element has left its traces in the method's profile; a copy of the class gives
     * it both without six copies of the source.
     */
    final class Copies {
        private static final Map<KvElement, BlockKernels> OF = new EnumMap<>(KvElement.class);

        static {
            for (final KvElement element : KvElement.values()) {
                OF.put(element, copy(element));
            }
        }

        private Copies() {
        }

        private static BlockKernels copy(final KvElement element) {
            final Class<?> original = ElementBlockKernels.class;
            try (InputStream in = original.getResourceAsStream(original.getSimpleName() + ".class")) {
                final MethodHandles.Lookup copy =
                        MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), element, true);
                return (BlockKernels) copy.lookupClass().getDeclaredConstructor().newInstance();
            } catch (final IOException | ReflectiveOperationException e) {
                throw new IllegalStateException("the kernels of " + element + " could not be made", e);
            }
        }
    }
}
