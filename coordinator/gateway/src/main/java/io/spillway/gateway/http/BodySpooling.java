package io.spillway.gateway.http;

import java.nio.file.Path;

/**
 * Which bodies go to a file instead of memory, because they may be larger than memory should hold. Any thread; must not block.
 */
public interface BodySpooling {
    /** No body does. */
    BodySpooling NONE = new BodySpooling() {
        @Override
        public boolean takes(final String method, final String path) {
            return false;
        }

        @Override
        public void admit(final HttpCall head) {
            throw new IllegalStateException("nothing is spooled");
        }

        @Override
        public Path directory() {
            throw new IllegalStateException("nothing is spooled");
        }

        @Override
        public long bodyBytesMax() {
            return 0;
        }

        @Override
        public long bodiesBytesMax() {
            return 0;
        }
    };

    /** @return whether bodies of such requests go to a file */
    boolean takes(String method, String path);

    /**
     * Called with the head of such a request, before its body is read: a stranger must not fill the disk.
     *
     * @throws io.spillway.domain.error.SpillwayException when it is refused
     */
    void admit(HttpCall head);

    /** @return where the files are made, for as long as their request lasts */
    Path directory();

    /** @return largest such body */
    long bodyBytesMax();

    /** @return most bytes of such bodies at a time */
    long bodiesBytesMax();
}
