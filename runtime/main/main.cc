// The edge program: reads the command line, makes the seams of production, runs one command on a fiber.
#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "net/os/network.h"
#include "runtime/application/application.h"
#include "runtime/fiber/event.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/main/command_line.h"
#include "runtime/main/operate.h"
#include "runtime/main/serve.h"
#include "runtime/main/services.h"
#include "runtime/main/starter.h"
#include "runtime/os/blocking_pool.h"
#include "runtime/os/clock.h"
#include "runtime/os/descriptor_limit.h"
#include "runtime/os/epoll_loop.h"
#include "runtime/os/process.h"
#include "runtime/os/random.h"
#include "runtime/os/stack_overflow.h"
#include "runtime/seam/adversary.h"
#include "runtime/seam/ready_order.h"
#include "runtime/terminal/terminal.h"
#include "sim/main/replay.h"
#include "sim/main/simulate.h"
#include "storage/os/disk.h"

namespace edge::cli {
namespace {

int Build(const Command& command, const Seams& seams, Terminal& terminal) {
  ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  std::vector<std::string> notices;
  const absl::StatusOr<std::string> folder = loader.BuildTo({command.directory, command.environment}, command.output, notices);
  for (const std::string& notice : notices) terminal.Note(notice);
  if (!folder.ok()) {
    terminal.Error(std::string(folder.status().message()));
    return kExitUsage;
  }
  terminal.Print(*folder);
  return kExitFine;
}

int Init(const Command& command, const Seams& seams, Terminal& terminal) {
  ApplicationLoader loader(seams.clock, seams.disk, seams.process);
  const std::string directory = loader.Absolute(command.directory);
  if (const absl::Status written = WriteStarter(seams.disk, directory); !written.ok()) {
    terminal.Error(std::string(written.message()));
    return kExitUsage;
  }
  terminal.Print(absl::StrCat("Wrote a TypeScript application into ", directory, ".\nNext: ", ProgramAsTyped(seams.process), " serve ",
                              command.directory, " --dev"));
  return kExitFine;
}

int Run(const Command& command, const Seams& seams, Terminal& terminal, Event& stop) {
  switch (command.verb) {
    case Verb::kServe:
      return Serve(command, seams, terminal, stop);
    case Verb::kBuild:
      return Build(command, seams, terminal);
    case Verb::kInit:
      return Init(command, seams, terminal);
    case Verb::kSim:
      return sim::Simulate(seams, command.sim, terminal, stop);
    case Verb::kReplay:
      return sim::Replay(seams, command.sim, terminal);
    case Verb::kObjects:
    case Verb::kBackup:
    case Verb::kRestore:
    case Verb::kCheck:
      return OperateState(command, seams, terminal);
    case Verb::kKv:
    case Verb::kCron:
      return OperateServices(command, seams, terminal);
    case Verb::kHelp:
      terminal.Print(HelpText(command.topic));
      return kExitFine;
    case Verb::kVersion:
      terminal.Print(sim::kEdgeVersion);
      return kExitFine;
  }
  return kExitInternal;
}

int Main(const std::vector<std::string>& words) {
  OsClock clock;
  Terminal terminal(clock);
  const absl::StatusOr<Command> command = ParseCommandLine(words);
  if (!command.ok()) {
    terminal.Error(std::string(command.status().message()));
    return kExitUsage;
  }

  RaiseDescriptorLimit();
  EpollLoop loop(clock);
  FifoOrder order;
  NoAdversary adversary;
  Scheduler scheduler(clock, order, loop);
  BlockingPool pool(loop);
  OsRandom random;
  const StackOverflowReport overflow_report(scheduler);
  OsProcess process(loop, scheduler);
  OsDisk disk("", scheduler, pool);
  OsNetwork network(loop, scheduler, pool);
  const Seams seams = {scheduler, clock, network, disk, random, process, adversary};

  Event stop(scheduler);
  for (const int signal : {SIGTERM, SIGINT}) {
    // The first one asks for a graceful end, the second does not wait for it.
    const absl::Status watched = loop.OnSignal(signal, [&stop, &process, signal] {
      if (stop.is_set()) process.Exit(128 + signal);
      stop.Set();
    });
    if (!watched.ok()) terminal.Note(std::string(watched.message()));
  }
  int exit_code = kExitInternal;
  const absl::Status spawned = scheduler.Spawn("main", [&] { exit_code = Run(*command, seams, terminal, stop); });
  if (!spawned.ok()) {
    terminal.Error(std::string(spawned.message()));
    return kExitInternal;
  }
  scheduler.Run();
  return exit_code;
}

}  // namespace
}  // namespace edge::cli

int main(int argc, char** argv) { return edge::cli::Main(std::vector<std::string>(argv + 1, argv + argc)); }
