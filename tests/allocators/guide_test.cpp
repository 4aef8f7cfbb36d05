// SPDX-License-Identifier: Apache-2.0
// "Your allocator in ten minutes" of models/firmware/allocators/README.md, word for word, from an empty folder and an
// installed dspmem.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

struct Guide {
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> commands;  ///< blocks of shell, in order
  std::string shown;  ///< of the last command's output
};

Guide guide_of(const std::string& readme) {
  Guide guide;
  std::istringstream lines(readme);
  std::string before;
  for (std::string line; std::getline(lines, line); before = line) {
    if (!line.starts_with("```")) continue;
    const std::string language = line.substr(3);
    std::string text;
    while (std::getline(lines, line) && line != "```") text += line + "\n";
    if (language == "sh") guide.commands.push_back(text);
    else if (language == "text") guide.shown = text;
    else if (before.starts_with("`") && before.ends_with("`:"))
      guide.files.emplace_back(before.substr(1, before.size() - 3), text);
  }
  return guide;
}

/// From one heading of the README to the next.
std::string section(const std::string& heading) {
  const std::string readme = read_file(source_directory() / "models/firmware/allocators/README.md");
  const std::size_t begin = readme.find("\n## " + heading);
  return readme.substr(begin, readme.find("\n## ", begin + 1) - begin);
}

TEST(Guide, WorksAsItStandsInTheReadme) {
  const Guide guide = guide_of(section("Your allocator in ten minutes"));
  ASSERT_EQ(guide.files.size(), 4u);
  ASSERT_EQ(guide.commands.size(), 2u);
  const TemporaryDirectory home, folder;
  const auto shell = [&home](const std::string& text, const std::filesystem::path& directory) {
    return run_program({"bash", "-c", "set -e; export HOME=" + home.path().string() + "; " + text}, directory);
  };
  // This build is there already.
  const std::string install = guide.commands[0].substr(guide.commands[0].find("cmake --install"));
  std::string from_here = install;
  from_here.replace(from_here.find("build/release"), 13, firmware_images().parent_path());
  const ProgramResult installed = shell(from_here, source_directory());
  ASSERT_EQ(installed.exit_code, 0) << installed.err;
  for (const auto& [name, text] : guide.files) folder.write(name, text);
  const ProgramResult result = shell(guide.commands[1], folder.path());
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  std::istringstream lines(guide.shown);
  for (std::string line; std::getline(lines, line);)
    EXPECT_NE(result.out.find(line + "\n"), std::string::npos) << line << "\n--- is not in ---\n" << result.out;

  // The installed program finds all that it comes with.
  EXPECT_EQ(
      shell("$HOME/dspmem/bin/dspmem run $HOME/dspmem/share/dspmem/scenarios/quickstart.yaml --quiet | grep -c ^PASS",
            folder.path())
          .out,
      "1\n");
  EXPECT_EQ(shell("$HOME/dspmem/bin/dspmem compare churn.yaml --allocator pool.yaml tlsf zones | grep -c clean",
                  folder.path())
                .out,
            "2\n");
}

// The image is the one that the tests build; the binding is completed as the text says.
TEST(Guide, OfProductsWorksAsItStandsInTheReadme) {
  const Guide guide = guide_of(section("Your product's ELF in ten minutes"));
  ASSERT_EQ(guide.files.size(), 2u);
  ASSERT_EQ(guide.commands.size(), 2u);
  const TemporaryDirectory folder;
  const auto shell = [&folder](std::string text) {
    const std::string build = firmware_images().parent_path().string();
    for (std::size_t at = 0; (at = text.find("build/release", at)) != std::string::npos; at += build.size())
      text.replace(at, 13, build);
    return run_program(
        {"bash", "-c", "set -e; export PATH=" + firmware_images().parent_path().string() + ":$PATH; " + text},
        folder.path());
  };
  folder.write(guide.files[0].first, guide.files[0].second);
  const ProgramResult inspected = shell(guide.commands[0]);
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  const ProgramResult first = shell(guide.commands[1]);
  EXPECT_EQ(first.exit_code, 4) << first.out << first.err;
  std::string message = guide.shown;
  for (std::size_t at; (at = message.find('\n')) != std::string::npos;) message.replace(at, 1, " ");
  EXPECT_NE(first.out.find(message.substr(0, message.size() - 1)), std::string::npos) << message << "\n" << first.out;
  std::string binding = guide.files[1].second;
  binding.replace(binding.find("build/release"), 13, firmware_images().parent_path().string());
  folder.write(guide.files[1].first, binding);
  const ProgramResult last = shell(guide.commands[1]);
  EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
}

// Other projects may link the models alone.
TEST(Guide, InstalledModelsCanBeLinked) {
  const TemporaryDirectory prefix, folder;
  ASSERT_EQ(run_program({"cmake", "--install", firmware_images().parent_path(), "--prefix", prefix.path()}).exit_code,
            0);
  folder.write(
      "CMakeLists.txt",
      "cmake_minimum_required(VERSION 3.23)\nproject(consumer CXX)\nfind_package(dspmem "
      "REQUIRED)\nadd_executable(consumer main.cpp)\ntarget_link_libraries(consumer PRIVATE dspmem::models)\n");
  folder.write("main.cpp", R"(#include <cstdio>
#include "models/memory/sram_bank.h"
#include "models/cache/replacement.h"
int main() {
  std::uint8_t bytes[64] = {};
  dspmem::SramBank bank(bytes);
  bank.power_off(10);
  std::printf("%02x %zu\n", bytes[0], dspmem::replacement_policies().size());
}
)");
  const ProgramResult result =
      run_program({"bash", "-c",
                   "cmake -B build -DCMAKE_PREFIX_PATH=" + prefix.path().string() +
                       " >log 2>&1 && cmake --build build >>log 2>&1 && build/consumer || cat log"},
                  folder.path());
  EXPECT_EQ(result.out, "db 3\n");
}

}  // namespace
}  // namespace dspmem::test
