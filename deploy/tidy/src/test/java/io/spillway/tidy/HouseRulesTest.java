package io.spillway.tidy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our own classes keep the rules; a small bad house shows that each rule can fail. */
class HouseRulesTest {
    private static final Rooms HOUSE = new Rooms("io.spillway");
    private static final Rooms BAD_HOUSE = new Rooms("badhouse");
    private static JavaClasses house;
    private static JavaClasses badHouse;

    @BeforeAll
    static void read() {
        house = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("io.spillway");
        badHouse = new ClassFileImporter().importPackages("badhouse");
    }

    static Stream<Rooms.Room> rooms() {
        return Rooms.table().stream();
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void everyRoomSeesOnlyWhatTheTableGivesIt(final Rooms.Room room) {
        HouseRules.sees(HOUSE, room).check(house);
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void everyRoomWasLookedAt(final Rooms.Room room) {
        assertThat(SourceTree.ofRepository().hasSources(room.name()))
            .as("classes of " + room.name() + " are on the class path exactly when it has sources")
            .isEqualTo(house.stream().anyMatch(type -> Stream.of(room.own().toArray(String[]::new))
                .anyMatch(name -> (type.getPackageName() + ".").startsWith("io.spillway." + name + ".")))
                || room.name().equals("proto/testkit"));
    }

    @Test
    void everyClassLivesInARoom() {
        HouseRules.everyClassHasARoom(HOUSE).check(house);
    }

    @Test
    void packagesHaveNoCycles() {
        HouseRules.noCycles(HOUSE).check(house);
    }

    @Test
    void timeAndChanceComeThroughTheConstructor() {
        HouseRules.timeAndChanceComeThroughTheConstructor(HOUSE).check(house);
    }

    @Test
    void namesSayWhatThingsAre() {
        HouseRules.namesSayWhatThingsAre(HOUSE).check(house);
    }

    @Test
    void aCoreThatSeesAFrameworkIsFound() {
        broken(HouseRules.sees(BAD_HOUSE, room("coordinator/core")), "badhouse.coordinator.state.SeesAFramework", "com.tngtech.archunit");
    }

    @Test
    void anArrowThatGoesBackIsFound() {
        broken(HouseRules.sees(BAD_HOUSE, room("node/engine")), "badhouse.node.model.SeesTheCoordinator", "badhouse.coordinator.state");
    }

    @Test
    void anImportOfDeployIsFound() {
        broken(HouseRules.sees(BAD_HOUSE, room("kvstore/core")), "badhouse.kvstore.pool.SeesDeploy", "badhouse.local");
    }

    @Test
    void aCycleIsFound() {
        broken(HouseRules.noCycles(BAD_HOUSE), "Cycle detected", "kvstore.index");
    }

    @Test
    void aClockIsFoundWhenCalledAndWhenPassedOn() {
        broken(HouseRules.timeAndChanceComeThroughTheConstructor(BAD_HOUSE), "System.nanoTime", "UUID.randomUUID");
    }

    @Test
    void aNameThatSaysNothingIsFound() {
        broken(HouseRules.namesSayWhatThingsAre(BAD_HOUSE), "badhouse.kvstore.pool.BlockManager", "badhouse.kvstore.pool.BlockManager$Info");
    }

    @Test
    void aClassWithoutARoomIsFound() {
        broken(HouseRules.everyClassHasARoom(BAD_HOUSE), "badhouse.attic.Forgotten", "does not reside");
    }

    private static Rooms.Room room(final String name) {
        return Rooms.table().stream().filter(room -> room.name().equals(name)).findFirst().orElseThrow();
    }

    private static void broken(final ArchRule rule, final String... named) {
        assertThatThrownBy(() -> rule.check(badHouse)).isInstanceOf(AssertionError.class).message().contains(List.of(named));
    }
}
