namespace Xtmp.Protocol;

/// <summary>Message codes the session itself uses (SPEC §5). Codes from 0x10 to 0xEF belong to schemas.</summary>
public static class FrameCode
{
    public const byte Handshake = 0x01;
    public const byte HandshakeAck = 0x02;
    public const byte Heartbeat = 0x03;
    public const byte Disconnect = 0x04;
    public const byte Batch = 0x05;
    public const byte Params = 0x06;
    public const byte Identity = 0x07;
    public const byte Auth = 0x08;
    public const byte Finished = 0x09;
    public const byte Ticket = 0x0A;
    public const byte RekeyRequest = 0x0B;
    public const byte Rekey = 0x0C;
    public const byte RekeyAck = 0x0D;
    public const byte Path = 0x0E;
    public const byte Credit = 0x0F;

    /// <summary>First code a schema may use.</summary>
    public const byte FirstApplication = 0x10;

    /// <summary>Last code a schema may use.</summary>
    public const byte LastApplication = 0xEF;

    public const byte Error = 0xFE;

    /// <summary>Never sent on purpose; answered as an unknown message type.</summary>
    public const byte Unknown = 0xFF;

    /// <summary>True for codes whose messages the session handles itself: kind 0, exchange 0, never in a batch.</summary>
    public static bool IsControl(byte code) => code < FirstApplication;

    /// <summary>True for codes a schema may give to its messages.</summary>
    public static bool IsApplication(byte code) => code is >= FirstApplication and <= LastApplication;
}
