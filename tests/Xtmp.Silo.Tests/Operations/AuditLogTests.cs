using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Operations;

public sealed class AuditLogTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-audit-");

    private string File => Path.Combine(_directory.FullName, "audit.log");

    [Fact]
    public async Task a_chain_goes_on_over_restarts()
    {
        await WriteAsync(3);
        await WriteAsync(2);
        var state = AuditLog.Verify(File);
        Assert.Null(state.Mistake);
        Assert.Equal(5, state.Lines);
        Assert.Contains($"\"hash\":\"{state.Head}\"", System.IO.File.ReadLines(File).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task tells_the_line_that_was_changed()
    {
        await WriteAsync(5);
        Change(lines => lines[2] = lines[2].Replace("peer 2", "peer 7", StringComparison.Ordinal));
        Assert.Equal("line 3: it was changed", AuditLog.Verify(File).Mistake);
    }

    [Fact]
    public async Task tells_the_line_after_one_that_was_changed_with_its_hash()
    {
        await WriteAsync(5);
        var other = Path.Combine(_directory.FullName, "other.log");
        await WriteAsync(3, other, "another peer");
        Change(lines => lines[0] = System.IO.File.ReadAllLines(other)[0]);
        Assert.Equal("line 2: it does not follow the line before it, which was changed or is another", AuditLog.Verify(File).Mistake);
    }

    [Fact]
    public async Task tells_where_lines_were_taken_out_put_in_moved_or_cut()
    {
        await WriteAsync(5);
        const string NotNext = ": it is not the next line: lines were taken out, put in or moved";
        var whole = System.IO.File.ReadAllLines(File);
        Change(lines => lines.RemoveAt(1));
        Assert.Equal("line 2" + NotNext, AuditLog.Verify(File).Mistake);
        System.IO.File.WriteAllLines(File, whole);
        Change(lines => (lines[1], lines[3]) = (lines[3], lines[1]));
        Assert.Equal("line 2" + NotNext, AuditLog.Verify(File).Mistake);
        System.IO.File.WriteAllLines(File, whole);
        Change(lines => lines.Insert(3, lines[2]));
        Assert.Equal("line 4" + NotNext, AuditLog.Verify(File).Mistake);
        System.IO.File.WriteAllLines(File, whole);
        Change(lines => lines[3] = lines[3][..40]);
        Assert.Equal("line 4: it is not a line of an audit log, or it is cut off", AuditLog.Verify(File).Mistake);
        System.IO.File.WriteAllLines(File, whole[..3]);
        var head = whole[4][^66..^2];
        Assert.Null(AuditLog.Verify(File).Mistake);
        Assert.StartsWith("line 4: the file ends before", AuditLog.Verify(File, head).Mistake, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_broken_chain_is_not_continued()
    {
        await WriteAsync(3);
        Change(lines => lines[1] = lines[1].Replace("peer", "pear", StringComparison.Ordinal));
        var error = Assert.Throws<XtmpException>(() => AuditLog.Open(File, TimeProvider.System, _ => { }));
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_flood_of_one_event_is_cut_and_counted()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using (var audit = AuditLog.Open(File, time, reason => Assert.Fail(reason)))
        {
            for (var index = 0; index < 200; index++)
            {
                audit.Add(Event(index));
            }
        }

        var lines = System.IO.File.ReadAllLines(File);
        Assert.Equal(AuditLog.MaxPerSecond + 1, lines.Length);
        Assert.Contains("\"event\":\"LeftOut\",\"Count\":150,", lines[^1], StringComparison.Ordinal);
        Assert.Null(AuditLog.Verify(File).Mistake);
    }

    [Fact]
    public async Task a_silo_records_who_came_and_who_was_turned_away()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        string file;
        await using (var silo = await TestSilo.StartAsync(options => options with { AuditLog = "audit.log" }))
        {
            file = Path.Combine(silo.Options.DataDirectory, "audit.log");
            await using var client = await silo.ConnectAsync(identity);
            await new XtmpWallet(client, identity).RegisterAsync();
            var bundle = SampleBundle.Create("audited", silo.Host.Network);
            await Assert.ThrowsAsync<XtmpException>(() => client.Bundle.SubmitAsync(new BundleSubmit { BundleId = bundle.BundleId, Bundle = bundle }).AsTask());
            await silo.Host.StopAsync();
            var text = System.IO.File.ReadAllText(file);
            Assert.Contains("\"event\":\"Serving\"", text, StringComparison.Ordinal);
            Assert.Contains($"\"event\":\"Identified\"", text, StringComparison.Ordinal);
            Assert.Contains($"\"Client\":\"{identity.Public.Fingerprint}\"", text, StringComparison.Ordinal);
            Assert.Contains("\"event\":\"RoleMissing\"", text, StringComparison.Ordinal);
            Assert.Contains("\"Role\":\"Node\"", text, StringComparison.Ordinal);
            Assert.Contains("\"event\":\"Stopped\"", text, StringComparison.Ordinal);
            Assert.Null(AuditLog.Verify(file).Mistake);
        }
    }

    [Fact]
    public async Task the_command_verifies_a_file()
    {
        await WriteAsync(4);
        var (exitCode, output, _) = await SiloProcess.RunAsync("audit", "verify", File);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("4 lines, head ", output, StringComparison.Ordinal);
        Change(lines => lines.RemoveAt(2));
        (exitCode, _, var errors) = await SiloProcess.RunAsync("audit", "verify", File);
        Assert.Equal(1, exitCode);
        Assert.Contains($"{File}: line 3: ", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private async Task WriteAsync(int count, string? file = null, string peer = "peer")
    {
        await using var audit = AuditLog.Open(file ?? File, TimeProvider.System, reason => Assert.Fail(reason));
        for (var index = 0; index < count; index++)
        {
            audit.Add(Event(index, peer));
        }
    }

    private static LogEvent Event(int index, string peer = "peer") => new(LogLevel.Warning, 3022, "Violation", "", [KeyValuePair.Create("Peer", (object?)$"{peer} {index}"), KeyValuePair.Create("Count", (object?)index)]);

    private void Change(Action<List<string>> change)
    {
        var lines = System.IO.File.ReadAllLines(File).ToList();
        change(lines);
        System.IO.File.WriteAllLines(File, lines);
    }
}
