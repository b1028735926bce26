package io.spillway.tidy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The rules over classes, for any base package. */
final class HouseRules {
    private static final Map<String, Set<String>> BANNED_CALLS = Map.of(
        "java.lang.System", Set.of("nanoTime", "currentTimeMillis"),
        "java.lang.Math", Set.of("random"),
        "java.util.concurrent.ThreadLocalRandom", Set.of("current"),
        "java.util.UUID", Set.of("randomUUID"));
    private static final String BANNED_SUFFIX = "(.*[a-z0-9])?(Manager|Helper|Utils?|Impl|Base|Common|Data|Info)";

    private HouseRules() {
    }

    static ArchRule sees(final Rooms rooms, final Rooms.Room room) {
        return classes().that().resideInAnyPackage(rooms.patterns(room.own()))
            .should().onlyDependOnClassesThat().resideInAnyPackage(rooms.allowed(room))
            .as(room.name() + " sees only what the import table gives it").allowEmptyShould(true);
    }

    static ArchRule everyClassHasARoom(final Rooms rooms) {
        final String[] known = Stream.concat(Rooms.table().stream().flatMap(room -> Stream.of(rooms.patterns(room.own()))),
            Stream.of(rooms.patterns(Rooms.deploy()))).toArray(String[]::new);
        return classes().that().resideInAPackage(rooms.base() + "..").should().resideInAnyPackage(known)
            .as("every class lives in a room of the import table");
    }

    static ArchRule noCycles(final Rooms rooms) {
        return SlicesRuleDefinition.slices().matching(rooms.base() + ".(**)").should().beFreeOfCycles().allowEmptyShould(true);
    }

    static ArchRule timeAndChanceComeThroughTheConstructor(final Rooms rooms) {
        return noClasses().that().resideInAPackage(rooms.base() + "..")
            .and().resideOutsideOfPackages(rooms.patterns(Rooms.deploy())).and().resideOutsideOfPackage(rooms.base() + ".domain.time..")
            .and().haveSimpleNameNotEndingWith("Main")
            .should().accessTargetWhere(banned()).as("time and chance come in through the constructor").allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaAccess<?>> banned() {
        return DescribedPredicate.describe("a clock or a source of chance", access ->
            BANNED_CALLS.getOrDefault(access.getTargetOwner().getName(), Set.of()).contains(access.getTarget().getName()));
    }

    static ArchRule namesSayWhatThingsAre(final Rooms rooms) {
        return noClasses().that().resideInAPackage(rooms.base() + "..")
            .and().resideOutsideOfPackages(rooms.base() + ".wire.v1..", rooms.base() + ".wire.transfer..")
            .should().haveNameMatching(".*[.$]" + BANNED_SUFFIX).as("no name ends in Manager, Helper, Util, Impl, Base, Common, Data, Info")
            .allowEmptyShould(true);
    }
}
