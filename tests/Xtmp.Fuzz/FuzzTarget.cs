namespace Xtmp.Fuzz;

/// <summary>Reads one input; whatever it throws is a find.</summary>
internal delegate void FuzzBody(ReadOnlySpan<byte> input);

/// <summary>A reader of hostile bytes.</summary>
/// <param name="Name">What the command line and the corpus folder call it.</param>
/// <param name="Cost">About how many inputs of the cheapest target cost as much as one of this.</param>
/// <param name="Body">The reader, with what must hold of whatever it gives.</param>
/// <param name="Seeds">Inputs that are mutated.</param>
internal sealed record FuzzTarget(string Name, int Cost, FuzzBody Body, IReadOnlyList<byte[]> Seeds)
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("frames", 1, FrameTarget.Run, [.. FrameTarget.Seeds(), .. Corpus.Read("frames")]),
        new("messages", 2, MessageTarget.Run, [.. MessageTarget.Seeds(), .. Corpus.Read("messages")]),
        new("handshake", 2, HandshakeTarget.Run, [.. HandshakeTarget.Seeds(), .. Corpus.Read("handshake")]),
        new("tickets", 1, TicketTarget.Run, [.. TicketTarget.Seeds(), .. Corpus.Read("tickets")]),
        new("lz4", 2, Lz4Target.Run, [.. Lz4Target.Seeds(), .. Corpus.Read("lz4")]),
        new("yaml", 1000, YamlTarget.Run, [.. Corpus.ReadText("yaml")]),
    ];
}
