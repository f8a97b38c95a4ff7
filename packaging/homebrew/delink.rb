# A formula for Homebrew. packaging/dist fills in what is in braces.
class Delink < Formula
  desc "Remove relations between Zoho CRM records in bulk, and say what became of each"
  homepage "{{.URL}}"
  version "{{.Version}}"
  license "MIT"

  on_macos do
    on_arm do
      url "{{.Link "darwin/arm64"}}"
      sha256 "{{.Sum "darwin/arm64"}}"
    end
    on_intel do
      url "{{.Link "darwin/amd64"}}"
      sha256 "{{.Sum "darwin/amd64"}}"
    end
  end

  on_linux do
    on_arm do
      url "{{.Link "linux/arm64"}}"
      sha256 "{{.Sum "linux/arm64"}}"
    end
    on_intel do
      url "{{.Link "linux/amd64"}}"
      sha256 "{{.Sum "linux/amd64"}}"
    end
  end

  def install
    bin.install "delink"
    man1.install Dir["man/man1/*"]
    bash_completion.install "completions/delink.bash" => "delink"
    zsh_completion.install "completions/_delink"
    fish_completion.install "completions/delink.fish"
    doc.install "README.md", "CHANGELOG.md", "docs"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/delink version")
    (testpath/"links.csv").write <<~CSV
      module,parent_id,relation,related_id
      Campaigns,3652397000000911001,Leads,3652397000000925128
    CSV
    system bin/"delink", "run", "links.csv", "--emulator", "--yes"
    assert_match "removed", (testpath/"links.results.csv").read
  end
end
