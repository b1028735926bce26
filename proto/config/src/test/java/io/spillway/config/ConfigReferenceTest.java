package io.spillway.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigReferenceTest {
    @Test
    void everyKeyHasARowWithTypeDefaultAndMeaning() {
        assertThat(ConfigReference.markdown(Samples.Node.class).lines()).contains(
            "## Node",
            "A node.",
            "| `id` | text | **required** | Name \\| of the node. |",
            "| `lease-timeout` | duration | `200ms` |  |",
            "| `idle-nanos` | duration | `50us` |  |",
            "| `note` | text | none |  |",
            "| `model` | path | none |  |",
            "| `cache.block-tokens` | integer | `64` | Tokens of one block. |",
            "| `cache.disk-bytes` | size | `1GiB` |  |",
            "| `cache.fsync` | one of always, on-rotate | `on-rotate` |  |",
            "| `peers[].endpoint` | endpoint | **required** |  |",
            "| `tiers.NAME.host-size` | size | `512MiB` | Size of the tier. |");
    }

    @Test
    void capitalsAndDigitsSplitWhereAReaderWould() {
        assertThat(Keys.kebab("kvLayoutV2")).isEqualTo("kv-layout-v2");
        assertThat(Keys.kebab("HTTPPort")).isEqualTo("http-port");
        assertThat(Keys.kebab("ON_ROTATE")).isEqualTo("on-rotate");
    }
}
